import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { unzipSync } from 'fflate';

import { packaged } from '../../scripts/real/package';

const plugins = require('../../resources/bundle.cjs');
const folder = mkdtempSync(join(tmpdir(), 'bundle-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Bytes, a few per cent above what they have: a dependency that comes back is larger. Of what stands apart a start reads nothing. */
const most = {
  reconcile: { zip: 236_000, 'functions/reconcile.js': 1_090_000 },
  renew: { zip: 293_000, 'functions/renew.js': 910_000, 'functions/renew.acme-client.js': 675_000 },
  unmake: { zip: 135_000, 'functions/unmake.js': 670_000 },
};

it.each(Object.entries(most))(
  'the zip of %s holds these files and is no larger than it needs to be',
  async (name, { zip: mostBytes, ...files }) => {
    const zip = readFileSync(join(await packaged(), `${name}.zip`));
    const found = Object.entries(unzipSync(zip)).map(([file, { length }]) => [file, length] as const);

    expect(found.map(([file]) => file).sort()).toStrictEqual(Object.keys(files).sort());
    for (const [file, bytes] of found) expect(bytes).toBeLessThanOrEqual((files as Record<string, number>)[file] ?? 0);
    expect(zip.length).toBeLessThanOrEqual(mostBytes);
  },
  120_000,
);

/** Bundles a function that imports a file of this content. */
function bundled(path: string, text: string) {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  const stdin = { contents: `export * from ${JSON.stringify(file)}`, resolveDir: join(__dirname, '../..') };
  return build({ stdin, bundle: true, platform: 'node', write: false, logLevel: 'silent', plugins });
}

const schemas = 'node_modules/@aws-sdk/client-any/dist-es/schemas/schemas_0.js';

it('leaves out a schema that nothing uses, whatever its keys', async () => {
  const text =
    'const _k = "xmlName";\nvar Unused$ = [3, { [_k]: "kept nowhere" }];\nexport var Used$ = [3, { [_k]: 1 }];';

  const { outputFiles } = await bundled(schemas, text);

  expect(outputFiles[0]?.text).toMatch(/Used\$ = \[3, \{ "xmlName": 1 \}\]/);
  expect(outputFiles[0]?.text).not.toContain('kept nowhere');
});

it('fails the packaging where a schema has keys of another kind', async () => {
  await expect(bundled(schemas, 'const _k = name();\nexport var Used$ = { [_k]: 1 };')).rejects.toThrow(
    'schemas_0.js has a key [_k]: that is no text, so this file has changed; correct withPlainKeys in resources/bundle.cjs',
  );
});

it('fails the packaging where a client wants more than credentials of the environment', async () => {
  await expect(bundled('client.js', "export { fromIni } from '@aws-sdk/credential-provider-node';")).rejects.toThrow(
    'No matching export in "instead:@aws-sdk/credential-provider-node" for import "fromIni"',
  );
});
