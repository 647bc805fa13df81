// A plugin of the packager: packs the functions smaller, and prints what a packaging wrote, and where.
const { readFileSync, writeFileSync } = require('node:fs');
const { relative, resolve } = require('node:path');

const { unzipSync, zipSync } = require('fflate');

const { readFile } = require('./settings/file.cjs');

module.exports = class Packaged {
  constructor(serverless) {
    this.hooks = { 'after:package:createDeploymentArtifacts': () => packSmaller(serverless) };
    if (serverless.processedInput.commands.join(' ') !== 'package') return;
    this.hooks['after:package:finalize'] = () => console.log(said(serverless));
  }
};

// The packager sees by the zip's hash that nothing changed, so no time may stand in it. Lambda must be allowed to read the files.
const packing = { level: 9, mtime: new Date(1980, 0, 1), os: 3, attrs: 0o100644 * 0x10000 };

/** The packager packs as fast as it can, about a sixth larger, and has no setting for it. */
function packSmaller({ service, serviceDir }) {
  for (const { package: packaged } of Object.values(service.functions)) {
    const artifact = resolve(serviceDir, packaged.artifact);
    writeFileSync(artifact, zipSync(unzipSync(readFileSync(artifact)), packing));
  }
}

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
