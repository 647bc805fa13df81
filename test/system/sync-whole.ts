import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { currentName, type Generation, sha256 } from '../../lib/generation/generation';
import { wantedServers } from '../../lib/haproxy/backend';
import { mapLines } from '../../lib/haproxy/map';
import { describedStructure, type File } from '../../lib/haproxy/render';
import { mapName } from '../../lib/haproxy/sections';
import { inHome, instance } from './sync-stand';
import { until } from './until';

/** What is right where a generation is reached: the disk holds it, and nothing else; HAProxy runs what the disk says. */
export async function expectWhole(generation: number): Promise<void> {
  const { files, certificates } = publishedAs(generation);
  const disk = read('haproxy');
  expect(onDisk(disk)).toStrictEqual({
    number: generation,
    files: files.map(({ name, sha256 }) => `${name} ${sha256}`).sort(),
    certificates: ['00-stand-in.pem', ...certificates.map(({ name }) => `${name}.pem`)].sort(),
    leftovers: [],
    open: [],
  });
  const lines = mapLines(disk.find(({ name }) => name === mapName)?.text ?? '');
  expect(await inProcess()).toStrictEqual({
    structure: describedStructure(disk.map(({ text }) => text).join('\n')),
    servers: wantedServers(disk).map(address).sort(),
    routes: lines,
    certificates: ['00-stand-in.pem', ...certificates.map(({ name }) => `${name}.pem`)].sort(),
  });
}

const publishedAs = (generation: number): Generation =>
  JSON.parse(instance.store.read(`${currentName('/sluice/test')}:${generation}`) ?? '{}');

const read = (folder: string): readonly File[] =>
  readdirSync(join(instance.path.live, folder)).map((name) => ({
    name,
    text: readFileSync(join(instance.path.live, folder, name), 'utf8'),
  }));

function onDisk(files: readonly File[]) {
  const { live } = instance.path;
  const generations = readdirSync(inHome('generations'));
  const all = readdirSync(readlinkSync(live), { recursive: true, encoding: 'utf8' }).map((name) => join(live, name));
  const secret = [inHome('generations'), ...all.filter((name) => /\.(cfg|pem)$/.test(name))];
  return {
    number: JSON.parse(readFileSync(join(live, 'generation.json'), 'utf8')).number,
    files: files.map(({ name, text }) => `${name} ${sha256(text)}`).sort(),
    certificates: read('certificates').map(({ name }) => name),
    leftovers: [
      ...[`${live}.before`, `${live}.next`, inHome('generations', '.staging')].filter(existsSync),
      ...generations.slice(2),
    ],
    /** What others could read. */
    open: secret.filter((name) => (statSync(name).mode & 0o077) !== 0 || statSync(name).uid !== process.getuid?.()),
  };
}

type Place = { readonly backend: string; readonly name: string; readonly address: string; readonly port: number };
const address = (server: Place): string => `${server.backend}/${server.name} ${server.address}:${server.port}`;

async function inProcess() {
  const folder = instance.path.live;
  const shown = async (command: string, each: RegExp) =>
    Array.from((await instance.worker(command)).matchAll(each), ([, found = '']) => found).sort();
  const [structure] = await shown('show info', /^description:? sluice (\w+)$/gim);
  return {
    structure,
    // Those that left are in maintenance until they are idle.
    servers: (await instance.servers())
      .filter(({ admitted }) => admitted)
      .map(address)
      .sort(),
    routes: await shown(`show map ${folder}/haproxy/${mapName}`, /^0x[0-9a-f]+ ([^.].*?) *$/gm),
    certificates: await shown(`show ssl crt-list ${folder}/certificates`, /([^/]+\.pem)$/gm),
  };
}

/** Every server of a backend answers its checks. */
export const allUp = (): Promise<void> =>
  until(async () => (await instance.servers()).every(({ up, admitted }) => up || !admitted));
