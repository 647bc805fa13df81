// esbuild's plugin for the functions: leaves out what no call needs, which halves the bundles and the time that a function takes to start.
// What it expects of other packages may change with a release of theirs; then the packaging fails, or test/resources/bundle.test.ts does.
const { readFileSync } = require('node:fs');
const { basename } = require('node:path');

/** Modules that stand in for packages; an import that they do not offer fails the packaging. */
const instead = {
  // The way by files, SSO and metadata of an instance is long; Lambda passes credentials in the environment (AWS: Lambda, environment variables).
  '@aws-sdk/credential-provider-node': `import { fromEnv } from '@aws-sdk/credential-provider-env';
export const defaultProvider = (init) => fromEnv(init);`,
  // Its index also loads node-forge, for keys that Node.js can make too.
  'acme-client': `export { default as Client } from 'acme-client/src/client';
export { default as crypto } from 'acme-client/src/crypto';
export { default as axios } from 'acme-client/src/axios';`,
  // Names the types of uploaded files; axios takes the one of Node.js too, and uploads none.
  'form-data': 'module.exports = FormData;',
};

const schemas = /[\\/]@aws-sdk[\\/]client-[^\\/]+[\\/]dist-es[\\/]schemas[\\/]schemas_0\.js$/;

/**
 * The keys of a schema are constants: `{ [_xN]: … }` with `const _xN = "xmlName"`. esbuild cannot know that reading such a key has no effect, so
 * it keeps the schemas of all calls, 1 MB in client-ec2. With the text as the key it keeps those that are used.
 */
function withPlainKeys(path) {
  const source = readFileSync(path, 'utf8');
  const texts = new Map([...source.matchAll(/^const (\w+) = ("[^"\\]*");$/gm)].map(([, name, text]) => [name, text]));
  return source.replace(/\[(\w+)\]:/g, (key, name) => {
    if (texts.has(name)) return `${texts.get(name)}:`;
    throw new Error(
      `${path} has a key ${key} that is no text, so this file has changed; correct withPlainKeys in resources/${basename(__filename)}`,
    );
  });
}

const lean = {
  name: 'lean',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: new RegExp(`^(${Object.keys(instead).join('|')})$`) }, ({ path }) => ({
      path,
      namespace: 'instead',
    }));
    onLoad({ filter: /./, namespace: 'instead' }, ({ path }) => ({ contents: instead[path], resolveDir: __dirname }));
    onLoad({ filter: schemas }, ({ path }) => ({ contents: withPlainKeys(path) }));
  },
};

module.exports = [lean];
