import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { stage } from '../../../lib/sync/disk/disk';
import { heal } from '../../../lib/sync/disk/heal';
import { readInstalled } from '../../../lib/sync/disk/installed';

let folder: string;
const at = (...names: string[]) => join(folder, ...names);
const generation = (name: string) => at('home/generations', name);
const settle = () => heal(at('home'), at('etc/sluice'));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-'));
  for (const name of ['etc', 'home/generations/7/haproxy', 'home/generations/.staging/haproxy'])
    mkdirSync(at(name), { recursive: true });
  writeFileSync(generation('7/haproxy/00-global.cfg'), 'global\n');
  symlinkSync(generation('7'), at('etc/sluice'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('a link whose folder is gone with it leads to what was installed', () => {
  rmSync(at('etc'), { recursive: true });

  settle();

  expect(readlinkSync(at('etc/sluice'))).toBe(generation('7'));
});

describe('where nothing can be removed', () => {
  const nobody = 65_534;
  // Nothing is refused to root.
  const isRoot = process.geteuid?.() === 0;
  beforeEach(() => {
    if (isRoot) for (const name of ['.', 'home', 'home/generations']) chownSync(at(name), nobody, nobody);
    if (isRoot) process.seteuid?.(nobody);
    chmodSync(generation('.'), 0o500);
  });
  afterEach(() => {
    if (isRoot) process.seteuid?.(0);
    chmodSync(generation('.'), 0o700);
  });

  it('what a killed run left keeps no sync from going on', () => {
    settle();

    expect(existsSync(generation('.staging'))).toBe(true);
    expect(readInstalled(at('etc/sluice'))?.files).toStrictEqual([{ name: '00-global.cfg', text: 'global\n' }]);
  });
});

it('what lies where it cannot be linked from is written anew', () => {
  const installed = readInstalled(at('etc/sluice'));
  if (!installed) throw new Error('nothing is installed');
  rmSync(generation('7/haproxy/00-global.cfg'));

  const staging = stage(at('home'), installed, installed.files, [], installed);

  expect(readFileSync(join(staging, 'haproxy/00-global.cfg'), 'utf8')).toBe('global\n');
});

it.each(['1e21', '-1', '1.5', '"7"'])('a manifest that calls its generation %s says nothing', (number) => {
  writeFileSync(
    generation('7/generation.json'),
    `{"number":${number},"modified":1,"generation":{"files":[],"certificates":[]}}`,
  );

  expect(readInstalled(at('etc/sluice'))?.number).toBe(0);
});
