import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { heal, readInstalled } from '../../../lib/sync/disk/installed';
import { stage } from '../../../lib/sync/disk/staged';

let folder: string;
const at = (...names: string[]) => join(folder, ...names);
const generation = (name: string) => at('home/generations', name);
const link = () => at('etc/sluice');
const settle = () => heal(at('home'), link());

beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'sluice-'));
  for (const name of ['etc', 'home/generations/7/haproxy', 'home/generations/.staging/haproxy'])
    fs.mkdirSync(at(name), { recursive: true });
  fs.writeFileSync(generation('7/haproxy/00-global.cfg'), 'global\n');
  fs.symlinkSync(generation('7'), link());
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

describe('what is installed', () => {
  const certificate = { name: 'shop.example.com', names: ['shop.example.com'], serial: '0A', key: 3, chain: 2 };
  const right = { number: 7, modified: 1_790_000_000, generation: { files: [], certificates: [certificate] } };
  const read = (manifest: string) => {
    fs.writeFileSync(generation('7/generation.json'), manifest);
    return readInstalled(link());
  };

  it('is the generation that its manifest says, also by a relative link', () => {
    fs.rmSync(link());
    fs.symlinkSync('../home/generations/7', link());
    expect(read(JSON.stringify(right))).toMatchObject({ ...right, folder: generation('7') });
  });

  it.each([
    ...['', '{', 'null', '[]', '{}', '7', '"7"', JSON.stringify(right).replace('7', '1e21')],
    ...['7', 7.5, -7, null].map((number) => ({ number })),
    ...['now', undefined].map((modified) => ({ modified })),
    ...[{}, null, { files: {}, certificates: [] }, { files: [], certificates: [null] }, { files: [] }].map((other) => ({
      generation: other,
    })),
    { generation: { files: [], certificates: [{ ...certificate, name: '../key' }] } },
  ])('is an unknown one when the manifest is damaged: %j', (damage) => {
    const manifest = typeof damage === 'string' ? damage : JSON.stringify({ ...right, ...damage });
    expect(read(manifest)).toMatchObject({ number: 0, modified: 0, generation: { files: [], certificates: [] } });
  });
});

it('a link whose folder is gone with it leads to what was installed', () => {
  fs.rmSync(at('etc'), { recursive: true });
  settle();
  expect(fs.readlinkSync(link())).toBe(generation('7'));
});

it('leftovers of a killed run that cannot be removed keep no sync from going on', () => {
  // Root may remove everything, so root becomes another user.
  const isRoot = process.geteuid?.() === 0;
  const nobody = 65_534;
  if (isRoot) for (const name of ['.', 'home', 'home/generations']) fs.chownSync(at(name), nobody, nobody);
  if (isRoot) process.seteuid?.(nobody);
  fs.chmodSync(generation('.'), 0o500);
  try {
    settle();

    expect(fs.existsSync(generation('.staging'))).toBe(true);
    expect(readInstalled(link())?.files).toStrictEqual([{ name: '00-global.cfg', text: 'global\n' }]);
  } finally {
    if (isRoot) process.seteuid?.(0);
    fs.chmodSync(generation('.'), 0o700);
  }
});

it('a file that cannot be linked is written again', () => {
  const installed = readInstalled(link());
  if (!installed) throw new Error('nothing is installed');
  fs.rmSync(generation('7/haproxy/00-global.cfg'));
  const staging = stage(at('home'), installed, installed);
  expect(fs.readFileSync(join(staging, 'haproxy/00-global.cfg'), 'utf8')).toBe('global\n');
});
