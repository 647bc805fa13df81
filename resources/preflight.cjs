// Looks before `sls deploy` and `sls remove` change anything, says what stands in the way, and at the end of a deploy where to go;
// a plugin of the packager. What a command does is read only by that command: AWS's clients take their time.
module.exports = class Preflight {
  constructor(serverless, options, { log, writeText }) {
    Object.assign(this, { serverless, options, log, writeText });
    this.command = serverless.processedInput.commands.join(' ');
    // First of all: the packager's own hook already asks AWS who is calling.
    if (['deploy', 'remove'].includes(this.command))
      serverless.pluginManager.hooks.initialize.unshift({ pluginName: 'Preflight', hook: () => this.before() });
    this.hooks = {
      'before:aws:deploy:deploy:updateStack': () => {
        this.watching = require('./preflight/watch.cjs').watch(this.world);
      },
      'after:aws:deploy:deploy:updateStack': () => this.watching.end(),
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
    const { lines } = require('./preflight/end.cjs');
    this.writeText(['', ...(await lines(this.world))].join('\n'));
  }

  /** Ends the command in words; a fault of the program is left to the packager, which prints its stack. */
  end(error) {
    const { inWords, leave } = require('./preflight/leave.cjs');
    const provider = this.serverless.getProvider('aws');
    const where = { region: provider.getRegion(), stack: provider.naming.getStackName(), command: this.command };
    const words = inWords(error, where);
    if (words !== undefined) leave(words);
  }

  /** What the looks work with; the deploying user's own credentials and region, as the packager finds them. */
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
