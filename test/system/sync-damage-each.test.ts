import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { ask, badAnswers, startLoad } from './haproxy-tasks';
import { a, host, inHome, instance, linesOf, serving, standForAll, stored, web } from './sync-stand';
import { expectWhole } from './sync-whole';
import { until } from './until';

/** `DAMAGES=each npx jest sync-damage-each` damages each file in each way; else each file in one way, and all files in each way. */
const isEach = process.env.DAMAGES === 'each';
jest.setTimeout(isEach ? 600_000 : 60_000);

const put = (file: string, content: string | Buffer) => {
  rmSync(file, { recursive: true, force: true });
  writeFileSync(file, content, { mode: 0o600 });
};
const remove = (file: string) => rmSync(file, { recursive: true, force: true });
const noise = Buffer.from(Array.from({ length: 700 }, (_, index) => (index * 7919) % 256));

const ways: Readonly<Record<string, (file: string) => unknown>> = {
  'ends in its middle': (file) => put(file, readFileSync(file).subarray(0, readFileSync(file).length / 2)),
  'is empty': (file) => put(file, ''),
  'holds noise': (file) => put(file, noise),
  'holds other JSON': (file) => put(file, '{"number":null,"generation":[]}'),
  // Only root can give a file away.
  'belongs to another user, and may be read and written by all': (file) => [
    chownSync(file, process.getuid?.() || 65_534, process.getgid?.() || 65_534),
    chmodSync(file, 0o666),
  ],
  'is a folder': (file) => [remove(file), mkdirSync(join(file, 'within'), { recursive: true })],
  'leads nowhere': (file) => [remove(file), symlinkSync(inHome('nowhere', 'file'), file)],
  'is gone': remove,
};

/** Every file that a sync keeps, in the order of its name; the number of the generation differs. */
function files(): readonly string[] {
  const within = (folder: string) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .map((name) => join(folder, name))
      .filter((file) => lstatSync(file).isFile() || lstatSync(file).isSymbolicLink());
  // A folder does as well there, so no sync replaces it.
  for (const file of ['lock', 'started'].map((name) => inHome(name))) if (lstatSync(file).isDirectory()) put(file, '');
  const own = readdirSync(inHome()).map((name) => inHome(name));
  return [...own.filter((file) => lstatSync(file).isFile()), ...within(readlinkSync(instance.path.live))].sort();
}
const known = ['heard.json', 'lock', 'started', 'sync.cjs'];
const inGeneration = [
  ...['certificates/00-stand-in.pem', 'certificates/shop.example.com.pem', 'generation.json'],
  ...['00-global.cfg', '10-frontends.cfg', '20-routes.cfg', '50-default.web.cfg'].map((name) => `haproxy/${name}`),
  ...['sluice.state', 'start.state'],
];
const located = (name: string) => (known.includes(name) ? inHome(name) : join(readlinkSync(instance.path.live), name));

let load: ReturnType<typeof startLoad>;
let generation: number;

afterAll(async () => expect(badAnswers(await load.stop())).toStrictEqual([]));
standForAll(async () => {
  await serving(a);
  generation = instance.publish([web(a)], [stored('shop.example.com').entry]);
  expect(await instance.sync(generation)).toMatchObject({ code: 0 });
  load = startLoad(host, { pauseMs: 15 });
});

async function repaired(damage: () => unknown): Promise<void> {
  const before = await instance.processes();
  const atStart = readFileSync(located('start.state'), 'utf8');
  damage();

  const outcome = await instance.sync(generation);

  expect([outcome.report.failed, outcome.code, linesOf(outcome).length]).toStrictEqual([undefined, 0, 1]);
  await expectWhole(generation);
  expect([...known, ...inGeneration].filter((name) => !existsSync(located(name)))).toStrictEqual([]);
  expect(readFileSync(located('start.state'), 'utf8')).toBe(atStart);
  expect(readFileSync(located('sluice.state'), 'utf8')).toMatch(/^1\n# be_id .*\n.* default\.web .* a 127\.0\.0\.1 2 /);
  expect(await instance.processes()).toStrictEqual(before);
}

const each = [...known, ...inGeneration].flatMap((name, index) => {
  const own = Object.entries(ways).filter((_, at, { length }) => isEach || at === index % length);
  return own.map(([way, damage]) => [name, way, damage] as const);
});

describe('a file that a sync keeps is repaired by the next, while HAProxy serves', () => {
  it.each(each)('%s %s', (name, _, damage) => repaired(() => damage(located(name))));

  it.each(Object.entries(ways))('every one %s', (_, damage) =>
    repaired(() => files().forEach((file) => void damage(file))),
  );

  it('and HAProxy starts with what is published, though it ended while all was noise', async () => {
    await load.stop();
    await instance.stopHaproxy();
    for (const file of files()) put(file, noise);

    expect(await instance.sync(generation)).toMatchObject({
      report: { failed: expect.stringContaining('not running') },
    });
    await instance.startHaproxy();
    await until(async () => (await ask(host)) === '200 a');
    expect(await instance.sync(generation)).toMatchObject({ code: 0 });
    await expectWhole(generation);
  });
});
