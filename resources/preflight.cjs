// Looks before `sls deploy` and `sls remove` change anything, and says what stands in the way; a plugin of the packager.
const { ECSClient } = require('@aws-sdk/client-ecs');
const { IAMClient } = require('@aws-sdk/client-iam');
const { Route53Client } = require('@aws-sdk/client-route-53');

const { foreignServices } = require('./preflight/cluster.cjs');
const { recordFaults, zoneFaults } = require('./preflight/dns.cjs');
const { createServiceRoles } = require('./preflight/roles.cjs');

const terms =
  'acceptTerms: read https://letsencrypt.org/repository/ and set it to true: without it no certificate can be had';

module.exports = class Preflight {
  constructor(serverless) {
    this.serverless = serverless;
    const command = serverless.processedInput.commands.join(' ');
    const looks = { deploy: () => this.beforeDeploy(), remove: () => this.beforeRemove() };
    // First of all: the packager's own hook already asks AWS who is calling.
    if (looks[command])
      serverless.pluginManager.hooks.initialize.unshift({ pluginName: 'Preflight', hook: looks[command] });
  }

  async beforeDeploy() {
    const { settings, stage, client } = this.context();
    if (!settings.acceptTerms) stop([terms]);
    const route53 = await client(Route53Client);
    const zone = await zoneFaults(route53, settings);
    stop(zone.length > 0 ? zone : await recordFaults(route53, settings, stage));
    await createServiceRoles(await client(IAMClient), settings);
  }

  async beforeRemove() {
    const { settings, client } = this.context();
    if (settings.own) stop(await foreignServices(await client(ECSClient), settings.clusters[0]));
  }

  /** The deploying user's own credentials and region, as the packager finds them. */
  context() {
    const provider = this.serverless.getProvider('aws');
    return {
      settings: this.serverless.service.custom.settings,
      stage: provider.getStage(),
      client: async (Client) => new Client(await provider.getAwsSdkV3Config()),
    };
  }
};

/** @throws one error for all faults. The packager prints its stack: the words alone are of use. */
function stop(faults) {
  if (faults.length === 0) return;
  const message = `Nothing was changed:\n  ${faults.join('\n  ')}`;
  throw Object.assign(new Error(message), { stack: message });
}
