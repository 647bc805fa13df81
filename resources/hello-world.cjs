// The program of hello-world as text, so that AWS and the demo run the same one without an image of our own.
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { transformSync } = require('esbuild');

const source = join(__dirname, 'hello-world/hello.mjs');

/** Without template literals: osls would resolve them. */
const program = () =>
  transformSync(readFileSync(source, 'utf8'), {
    format: 'esm',
    target: 'node22',
    charset: 'utf8',
    supported: { 'template-literal': false },
  }).code;

module.exports.program = program;
