#!/usr/bin/env node
// `npm run sluice -- <verb>`, or `npx sluice <verb>` inside the clone. Any Node.js can read this file, to say what is missing.
const { spawnSync } = require('node:child_process');
const { existsSync, readdirSync } = require('node:fs');
const { join } = require('node:path');

const root = join(__dirname, '..');
const oldest = [22, 13];
const cache = join(root, 'node_modules', '.cache');

if (!existsSync(join(root, 'node_modules', 'commander')) || !existsSync(join(root, 'node_modules', 'tsx')))
  stop(`the packages are not installed yet: run \`npm ci\` in ${root}, then the same command.`);
else if (isSupported()) main();
else if (fetched() === undefined)
  stop(
    `Node.js ${oldest.join('.')} or later is needed, and this is ${process.versions.node}: install a newer one, or run` +
      ' `npm run setup`, which fetches one for this folder only.',
  );
else process.exitCode = spawnSync(fetched(), [__filename, ...process.argv.slice(2)], { stdio: 'inherit' }).status ?? 1;

function isSupported() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1]);
}

/** The Node.js that scripts/setup.sh fetched, if it did. */
function fetched() {
  const versions = existsSync(cache) ? readdirSync(cache).filter((name) => /^node-\d/.test(name)) : [];
  return versions.map((name) => join(cache, name, 'node_modules', 'node', 'bin', 'node')).find(existsSync);
}

function main() {
  // AWS's clients are large: Node.js keeps what it compiled of them.
  require('node:module').enableCompileCache(join(cache, 'compiled'));
  require('tsx/cjs');
  // Verbs are imported when they run.
  require('tsx/esm/api').register();
  const { main: run } = require('./sluice/main.ts');
  run(process.argv.slice(2)).then((code) => {
    process.exitCode = code;
  });
}

function stop(words) {
  console.error(`sluice: ${words}`);
  process.exitCode = 1;
}
