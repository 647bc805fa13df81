// A plugin of the packager: prints what a packaging wrote, and where.
const { relative } = require('node:path');

const { readFile } = require('./settings/file.cjs');

module.exports = class Packaged {
  constructor(serverless) {
    this.hooks = {};
    if (serverless.processedInput.commands.join(' ') !== 'package') return;
    this.hooks['after:package:finalize'] = () => console.log(said(serverless));
  }
};

function said({ service, serviceDir, processedInput }) {
  const { custom, provider, package: packaged } = service;
  const count = Object.keys(provider.compiledCloudFormationTemplate.Resources).length;
  const { empty, path } = readFile();
  const folder = relative(serviceDir, processedInput.options.package ?? packaged.path ?? '.serverless') || '.';
  return (
    `Stage ${custom.prefix.split('/').at(-1)} for ${custom.settings.domain}, settings from ${empty ? '--param' : path}: ${count} resources,` +
    ` in ${folder}/cloudformation-template-update-stack.json`
  );
}
