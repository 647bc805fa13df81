// A plugin of the packager: before a deploy or a removal changes anything it lists what stands in the way, and after a deploy it
// prints the next step. Each command loads only its own modules, because AWS's clients load slowly.
module.exports = class Preflight {
  constructor(serverless, options, { log, writeText }) {
    Object.assign(this, { serverless, options, log, writeText });
    this.command = serverless.processedInput.commands.join(' ');
    // Before the packager's own hook, which already asks AWS for the caller's identity.
    if (['deploy', 'remove'].includes(this.command))
      serverless.pluginManager.hooks.initialize.unshift({ pluginName: 'Preflight', hook: () => this.before() });
    this.hooks = {
      'before:aws:deploy:deploy:updateStack': () => {
        // Under `npx sluice deploy` the command itself looks at the groups.
        if (!process.env.SLUICE_FOLLOWED) this.watching = require('./preflight/watch.cjs').watch(this.world);
      },
      'after:aws:deploy:deploy:updateStack': () => this.watching?.end(),
      error: async (error) => {
        await this.watching?.look();
        this.end(error);
      },
      finalize: () => this.command === 'deploy' && this.afterDeploy(),
    };
  }

  async before() {
    try {
      this.world = await this.readWorld();
      await require(`./preflight/${this.command}.cjs`).before(this.world);
    } catch (error) {
      this.end(error);
      throw error;
    }
  }

  async afterDeploy() {
    const { lines } = require('./preflight/deploy.cjs');
    this.writeText(['', ...(await lines(this.world))].join('\n'));
  }

  /** Ends the command with a message. The packager reports a fault of the program, with its stack. */
  end(error) {
    const { inWords, leave } = require('./preflight/asking.cjs');
    const provider = this.serverless.getProvider('aws');
    const where = { region: provider.getRegion(), stack: provider.naming.getStackName(), command: this.command };
    const words = inWords(error, where);
    if (words !== undefined) leave(words);
  }

  /** The `Deps` of all checks, with the deploying user's own credentials and region, as the packager finds them. */
  async readWorld() {
    const provider = this.serverless.getProvider('aws');
    const config = await provider.getAwsSdkV3Config();
    return {
      settings: this.serverless.service.custom.settings,
      stage: provider.getStage(),
      stack: provider.naming.getStackName(),
      region: config.region,
      config,
      options: this.options,
      say: (words) => this.log.notice(words),
      warn: (hints) => {
        for (const hint of hints) this.log.warning(hint);
      },
    };
  }
};
