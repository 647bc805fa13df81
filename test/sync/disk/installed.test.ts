import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { readInstalled } from '../../../lib/sync/disk/installed';

const folder = mkdtempSync(join(tmpdir(), 'sluice-installed-'));
const link = join(folder, 'link');
beforeAll(() => {
  mkdirSync(join(folder, '7/haproxy'), { recursive: true });
  symlinkSync('7', link);
});
afterAll(() => rmSync(folder, { recursive: true }));

const certificate = { name: 'shop.example.com', names: ['shop.example.com'], serial: '0A', key: 3, chain: 2 };
const right = { number: 7, modified: 1_790_000_000, generation: { files: [], certificates: [certificate] } };
const read = (manifest: string) => {
  writeFileSync(join(folder, '7/generation.json'), manifest);
  return readInstalled(link);
};

describe('what is installed', () => {
  it('is the generation that its manifest says, wherever the link leads by', () => {
    expect(read(JSON.stringify(right))).toMatchObject({ ...right, folder: join(folder, '7') });
  });

  it.each([
    ...['', '{', 'null', '[]', '{}', '7', '"7"'],
    ...[
      { number: '7' },
      { number: 7.5 },
      { number: -7 },
      { number: null },
      { modified: 'now' },
      { modified: undefined },
    ],
    ...[{}, null, { files: {}, certificates: [] }, { files: [], certificates: [null] }, { files: [] }].map(
      (generation) => ({
        generation,
      }),
    ),
    { generation: { files: [], certificates: [{ ...certificate, name: '../key' }] } },
  ])('is an unknown one when the manifest is damaged: %j', (damage) => {
    const manifest = typeof damage === 'string' ? damage : JSON.stringify({ ...right, ...damage });

    expect(read(manifest)).toMatchObject({ number: 0, modified: 0, generation: { files: [], certificates: [] } });
  });
});
