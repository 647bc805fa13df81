// esbuild's plugin for the functions: leaves out what no call needs, which halves the bundles and the time that a function takes to start.
// What it expects of other packages may change with a release of theirs; then the packaging fails, or test/resources/bundle.test.ts does.
const { readFileSync } = require('node:fs');
const { basename, join } = require('node:path');

/** Modules that stand in for packages; an import that they do not offer fails the packaging. */
const instead = {
  // The way by files, SSO and metadata of an instance is long; Lambda passes credentials in the environment (AWS: Lambda, environment variables).
  '@aws-sdk/credential-provider-node': `import { fromEnv } from '@aws-sdk/credential-provider-env';
export const defaultProvider = (init) => fromEnv(init);`,
  // Its index also loads node-forge, for keys that Node.js can make too.
  'acme-client': `export { default as Client } from 'acme-client/src/client';
export { default as crypto } from 'acme-client/src/crypto';
export { default as axios } from 'acme-client/src/axios';`,
  // Only middy's: it asks whether an answer that streams is one, and no function streams. To load the real one takes two milliseconds.
  'node:stream/web': 'export class ReadableStream {}',
};
const middy = /[\\/]@middy[\\/]core[\\/]/;

/** What a start does not need becomes a file beside the bundle; the packager puts `renew.….js` into the zip of renew only. */
const apart = /^acme-client$/;

/** esbuild itself splits only ES modules. */
async function besideBundle(path, { esbuild, initialOptions: { entryPoints, outdir, ...options } }) {
  const file = `${basename(entryPoints[0], '.ts')}.${path}.js`;
  const stdin = { contents: `export * from '${path}';`, resolveDir: __dirname };
  await esbuild.build({ ...options, stdin, outfile: join(outdir, file) });
  return { path: `./${file}`, external: true };
}

/** What acme-client does not need here: its own order of steps, its own looks at challenges, its log, and axios, as lib/certificates/acme/http.ts asks instead. */
const unused = /[\\/]acme-client[\\/]src[\\/](auto|axios|logger|verify)\.js$/;

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
  setup(build) {
    const { onResolve, onLoad } = build;
    onResolve({ filter: apart }, ({ path, kind }) =>
      kind === 'dynamic-import' ? besideBundle(path, build) : undefined,
    );
    onResolve({ filter: new RegExp(`^(${Object.keys(instead).join('|')})$`) }, ({ path, importer }) =>
      path.startsWith('node:') && !middy.test(importer) ? undefined : { path, namespace: 'instead' },
    );
    onLoad({ filter: /./, namespace: 'instead' }, ({ path }) => ({ contents: instead[path], resolveDir: __dirname }));
    onLoad({ filter: unused }, () => ({ contents: 'module.exports = { log() {} };' }));
    onLoad({ filter: schemas }, ({ path }) => ({ contents: withPlainKeys(path) }));
  },
};

module.exports = [lean];
