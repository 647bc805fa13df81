import {
  cpSync,
  type Dirent,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { ask, type Task } from './haproxy-tasks';
import { a, b, failing, host, inHome, instance, linesOf, standForAll, stored, web } from './sync-stand';
import { until } from './until';

let current: Task;
let generation: number;

const link = () => instance.path.live;
const live = (...names: string[]) => join(link(), ...names);

/** Something else in a place: it is gone, a file, a link, or a folder with something in it. */
const remove = (path: string) => rmSync(path, { recursive: true, force: true });
const makeFile = (path: string) => [remove(path), writeFileSync(path, '')];
const makeLink = (path: string, target: string) => [remove(path), symlinkSync(target, path)];
const makeFolder = (path: string) => [
  remove(path),
  mkdirSync(join(path, 'within'), { recursive: true }),
  writeFileSync(join(path, 'within', 'file'), 'by hand'),
];
/** A real folder in the link's place, with the same in it. */
const makeReal = () => {
  cpSync(readlinkSync(link()), `${link()}.real`, { recursive: true });
  rmSync(link());
  renameSync(`${link()}.real`, link());
};
const claim = (other: object) => {
  const manifest = JSON.parse(readFileSync(live('generation.json'), 'utf8'));
  writeFileSync(live('generation.json'), JSON.stringify({ ...manifest, ...other }));
};
const later = () => Date.now() / 1_000 + 3_600;
const shop = 'certificates/shop.example.com.pem';

const damages: Readonly<Record<string, () => unknown>> = {
  'the lock, the sync and its next copy are folders': () =>
    ['lock', 'sync.cjs', '.sync.next'].map((name) => makeFolder(inHome(name))),
  'the lock leads nowhere, and the sync is empty': () => [
    ...makeLink(inHome('lock'), inHome('nowhere/lock')),
    ...makeFile(inHome('sync.cjs')),
  ],
  'the link is a real folder with the same in it': makeReal,
  'the link is a folder with something else in it': () => makeFolder(link()),
  'the link is a file': () => makeFile(link()),
  'the link is gone': () => remove(link()),
  'the link leads nowhere': () => makeLink(link(), inHome('nowhere')),
  'the link is a relative one': () => makeLink(link(), `home/generations/${generation}`),
  'the link leads to a file': () => makeLink(link(), inHome('sync.cjs')),
  'the link is a real folder, and the generations are gone': () => [makeReal(), remove(inHome('generations'))],
  'links lead in a circle': () =>
    [shop, 'haproxy/50-default.web.cfg', 'sluice.state'].map((name) => makeLink(live(name), basename(name))),
  'the generations are a link that leads in a circle': () => makeLink(inHome('generations'), 'generations'),
  'what a reload would go back to is a folder': () => makeFolder(`${link()}.before`),
  'the next link is a folder': () => [makeFolder(`${link()}.next`), claim({ number: 0 })],
  'the generations are a file': () => makeFile(inHome('generations')),
  'the manifest has a higher number and a later time': () => claim({ number: 5_757, modified: later() }),
  'the manifest lists nothing': () => writeFileSync(live('generation.json'), '{}'),
  'the manifest is a folder': () => makeFolder(live('generation.json')),
  'the state file and the next one are folders': () =>
    ['sluice.state', 'sluice.state.next'].map((name) => makeFolder(live(name))),
  'certificates and a file of the configuration are folders': () =>
    [shop, 'certificates/00-stand-in.pem', 'haproxy/50-default.web.cfg'].map((name) => makeFolder(live(name))),
  'the certificates are a file': () => makeFile(live('certificates')),
  'the configuration is a file': () => makeFile(live('haproxy')),
  'a foreign link lies among the configuration': () => symlinkSync(inHome('nowhere'), live('haproxy/99-foreign.cfg')),
};

describe('the next sync repairs damage by hand, and HAProxy runs on', () => {
  // Each case begins with what the one before has healed.
  standForAll(async () => {
    current = a;
    generation = instance.publish([web(a)], [stored('shop.example.com').entry]);
    expect(await instance.sync(generation)).toMatchObject({ code: 0 });
    await instance.startHaproxy();
    await answers();
  });

  it.each(Object.entries(damages))('%s', async (_, damage) => {
    const before = await instance.processes();
    const now = generation;
    damage();

    const outcome = await instance.sync(now);
    const healed = ['haproxy', 'certificates'].flatMap((folder) => readdirSync(live(folder), { withFileTypes: true }));
    const next = await instance.syncHere(publishOther());

    expect([outcome.report.failed, outcome.code, linesOf(outcome).length]).toStrictEqual([undefined, 0, 1]);
    // The stand-in is a link to the stage's first certificate.
    const isRight = (entry: Dirent) => entry.isFile() || (entry.isSymbolicLink() && entry.name === '00-stand-in.pem');
    const files = [
      '00-global.cfg',
      '10-frontends.cfg',
      '20-routes.cfg',
      '50-default.web.cfg',
      '00-stand-in.pem',
      basename(shop),
    ];
    expect(healed.map((entry) => (isRight(entry) ? entry.name : 'no file'))).toStrictEqual(files);
    expect(next).toMatchObject({ generation: now + 1, changed: 'membership', added: 1, left: 1 });
    expect(lstatSync(link()).isSymbolicLink()).toBe(true);
    expect(readlinkSync(link())).toMatch(new RegExp(`^${inHome('generations')}/\\d+b?$`));
    expect(await instance.processes()).toStrictEqual(before);
  });

  it('afterwards a restart brings back what is on the disk', async () => {
    expect(await instance.sync(generation)).toMatchObject({ code: 0, report: { changed: 'nothing' } });
    await startsAnew();
  });

  it('damage that no sync can repair is reported with what to do, and the proxy is still brought up to date', async () => {
    makeFolder(inHome('environment'));

    const outcome = await instance.sync(publishOther(), {
      SLUICE_SLOT: '1',
      AWS_ENDPOINT_URL: instance.api.endpoint,
    });
    remove(inHome('environment'));

    expect(linesOf(outcome)).toHaveLength(1);
    expect(outcome).toMatchObject(failing(/environment is not a readable file, .* end the instance/));
    expect(outcome.report).toMatchObject({ ran: { generation, added: 1 } });
    // It counts as not synced, which raises an alarm.
    const put = instance.api.calls.filter(({ action }) => action === 'cloudwatch:PutMetricData');
    expect(put.map(({ input }) => JSON.stringify(input))).toStrictEqual([
      expect.stringMatching(/"Synced".*"Value":"?0/),
    ]);
  });

  it.each([
    ['is empty', () => ''],
    ['holds noise', () => Buffer.from(Array.from({ length: 700 }, (_, index) => (index * 7919) % 256))],
    ['ends in its middle', (text: string) => text.slice(0, text.length / 2)],
  ])(
    'an environment that %s is reported with what to do, and the proxy is still brought up to date',
    async (_, damage) => {
      const usual = ['AWS_REGION=eu-west-2', 'AWS_DOMAIN=amazonaws.com', 'SLUICE_PREFIX=/sluice/test', 'SLUICE_SLOT=1'];
      writeFileSync(inHome('environment'), damage([...usual, 'SLUICE_GROUP=sluice-dev-proxy-1', ''].join('\n')));

      const outcome = await instance.sync(publishOther());
      await startsAnew();
      remove(inHome('environment'));

      expect(linesOf(outcome)).toHaveLength(1);
      expect(outcome).toMatchObject(failing(/environment is damaged: it names no slot.* end the instance, and/));
      expect(outcome.report).toMatchObject({ ran: { generation, added: 1 } });
    },
  );

  it('a line of the environment with an unclosed quote is not run, and hides no other', async () => {
    const lines = ["SLUICE_SLOT=1'", `$(touch ${inHome('ran')})`, 'words without meaning', 'AWS_REGION=eu-west-2'];
    writeFileSync(inHome('environment'), lines.join('\n'));

    expect(await instance.sync(generation)).toMatchObject({ code: 0, report: { changed: 'nothing' } });
    expect(existsSync(inHome('ran'))).toBe(false);
  });

  it('with the API down, HAProxy still starts with what it had', async () => {
    instance.api.switch(false);
    rmSync(link());

    expect(await instance.sync(generation, { SLUICE_PATIENCE_SECONDS: '0' })).toMatchObject({ code: 1 });
    instance.api.switch(true);
    await startsAnew();
  });
});

/** The other of the two tasks takes over. */
function publishOther(): number {
  current = current === b ? a : b;
  const { certificates } = JSON.parse(instance.store.read('/sluice/test/haproxy/current') ?? '{}');
  generation = instance.publish([web(current)], certificates);
  return generation;
}

const answers = () => until(async () => (await ask(host)) === `200 ${current.server.name}`);

async function startsAnew(): Promise<void> {
  await instance.stopHaproxy();
  await instance.startHaproxy();
  await answers();
}
