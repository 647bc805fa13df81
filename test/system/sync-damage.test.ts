import {
  appendFileSync,
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

import { type Instance, selfSigned, startInstance, until } from './haproxy-instance';
import { ask, backend, startTask, stopTasks, type Task } from './haproxy-tasks';

jest.setTimeout(60_000);

let instance: Instance;
let a: Task;
let b: Task;
let generation: number;

const web = (...started: Task[]) => backend(started.map(({ server }) => server));
async function begin(): Promise<void> {
  instance = await startInstance();
  [a, b] = [await startTask('a'), await startTask('b')];
  const shop = instance.storeCertificate('shop.example.com', { key: selfSigned('shop.example.com') });
  generation = instance.publish([web(a)], [shop]);
  expect(await instance.sync(generation)).toMatchObject({ code: 0 });
  await instance.startHaproxy();
  await until(async () => (await ask(instance.host)) === '200 a');
}
async function end(): Promise<void> {
  await instance.stop();
  stopTasks();
}

const inHome = (...names: string[]) => join(instance.path.home, ...names);
const live = (...names: string[]) => join(instance.path.live, ...names);
const copy = () => readFileSync(inHome('sync.cjs'), 'utf8');
const linesOf = (output: string) => output.split('\n').filter((line) => line.startsWith('{'));

function editScript(edit: (text: string) => string): void {
  const file = join(instance.path.folder, 'sync.sh');
  writeFileSync(file, edit(readFileSync(file, 'utf8')));
}
/** Every byte more in a file is refused, for root too. */
const fillDisk = () => editScript((text) => `trap '' XFSZ; ulimit -f 0\n${text}`);
const emptyDisk = () => editScript((text) => text.replace(/^trap.*\n/, ''));

describe('the sync’s own copy, and its room', () => {
  beforeEach(begin);
  afterEach(end);

  describe('on a disk that takes nothing more', () => {
    it('tasks come and go all the same, one line says what is the matter, and the next sync with room does the rest', async () => {
      const before = await instance.processes();
      fillDisk();
      const full = await instance.sync(instance.publish([web(b)]));
      await until(async () => (await ask(instance.host)) === '200 b');
      const again = await instance.sync(generation + 1);
      emptyDisk();

      expect(linesOf(full.output)).toHaveLength(1);
      expect(full).toMatchObject({
        code: 1,
        report: {
          failed: expect.stringMatching(/^the disk could not be written \(EFBIG.*make room on it.* tasks come and go/),
        },
      });
      expect(again).toMatchObject({ code: 1 });
      expect(await instance.processes()).toStrictEqual(before);
      expect(basename(readlinkSync(instance.path.live))).toBe('1');
      expect(await instance.sync(generation + 1)).toMatchObject({ code: 0, report: { generation: generation + 1 } });
    });

    it('a sync that changes nothing says only that it could not write down who passes its checks', async () => {
      fillDisk();

      expect(await instance.sync(generation)).toMatchObject({
        code: 2,
        report: {
          failed: expect.stringMatching(/^everything else .* who passes its checks could not be .* disk full\?$/),
        },
      });
    });

    it('the last good copy of the sync runs when a new one cannot be kept, and one line reports both', async () => {
      appendFileSync(inHome('sync.cjs'), '// of an earlier release\n');
      const earlier = copy();
      fillDisk();
      const full = await instance.sync(generation);
      emptyDisk();

      expect(linesOf(full.output)).toHaveLength(1);
      expect(full).toMatchObject({
        code: 1,
        report: {
          failed: expect.stringMatching(
            /^could not keep the new copy of the sync in .*; is the disk full\?.* The last good copy ran\.$/,
          ),
          ran: { generation },
        },
      });
      expect(copy()).toBe(earlier);
      expect(existsSync(inHome('.sync.next'))).toBe(false);
      expect(await instance.sync(generation)).toMatchObject({ code: 0 });
      expect(copy()).not.toBe(earlier);
    });

    it('a first sync says that it cannot begin', async () => {
      rmSync(inHome('sync.cjs'));
      fillDisk();
      const full = await instance.sync(generation);

      expect(linesOf(full.output)).toHaveLength(1);
      expect(full).toMatchObject({ code: 1, report: { failed: expect.stringMatching(/There is no earlier copy\.$/) } });
    });
  });

  it.each<[string, (packed: string) => string]>([
    [
      'a character is another one',
      (packed) => packed.slice(0, 9_000) + (packed[9_000] === 'A' ? 'B' : 'A') + packed.slice(9_001),
    ],
    ['its end is missing', (packed) => packed.slice(0, 9_000)],
    ['it holds what is no base64', (packed) => `${packed.slice(0, 9_000)}#${packed.slice(9_001)}`],
    ['nothing is left of it', () => ''],
  ])('a document is not believed when %s: the last good copy stays, and runs', async (_, damage) => {
    const before = copy();
    editScript((text) => text.replace(/^H4sI.*$/m, damage));

    const outcome = await instance.sync(instance.publish([web(b)]));

    expect(outcome).toMatchObject({
      code: 1,
      report: { failed: expect.stringMatching(/could not keep the new copy/), ran: { added: 1 } },
    });
    expect(copy()).toBe(before);
    await until(async () => (await ask(instance.host)) === '200 b');
  });

  it('what attempts leave that were killed is gone after the next sync, and a copy that still waits for its turn is not', async () => {
    // 0.1.0 named its copies after the process; no process has this number (Linux: PID_MAX_LIMIT).
    for (const name of ['.sync.4194305', '.sync.next']) writeFileSync(inHome(name), 'half a copy');
    writeFileSync(inHome(`.sync.${process.pid}`), 'a copy that waits');
    for (const name of ['.staging', '57', '58b', '59'])
      cpSync(readlinkSync(instance.path.live), inHome('generations', name), { recursive: true });
    const next = instance.publish([web(b)]);
    for (const milliseconds of [20, 60, 150, 250]) {
      const running = instance.startSync(next);
      setTimeout(running.kill, milliseconds);
      await running.ended;
    }

    const outcome = await instance.sync(next);

    expect(outcome).toMatchObject({ code: 0, report: { generation: next } });
    expect(readdirSync(instance.path.home).sort()).toStrictEqual([
      `.sync.${process.pid}`,
      'generations',
      'heard.json',
      'lock',
      'started',
      'sync.cjs',
    ]);
    expect(readdirSync(inHome('generations')).length).toBeLessThanOrEqual(2);
  });
});

/** A folder in the place of a file or a link, with something in it. */
function makeFolder(path: string): void {
  rmSync(path, { recursive: true, force: true });
  mkdirSync(join(path, 'within'), { recursive: true });
  writeFileSync(join(path, 'within', 'file'), 'by hand');
}
const manifest = (text: string) => writeFileSync(live('generation.json'), text);
const claims = (other: object) =>
  manifest(JSON.stringify({ ...JSON.parse(readFileSync(live('generation.json'), 'utf8')), ...other }));
const files = ['00-global.cfg', '10-frontends.cfg', '50-default.web.cfg', '00-stand-in.pem', 'shop.example.com.pem'];
const later = () => Date.now() / 1_000 + 3_600;

describe('damage by hand heals with the next sync, and HAProxy does not notice', () => {
  // Each case begins with what the one before has healed.
  beforeAll(begin);
  afterAll(end);

  it.each<[string, () => void]>([
    [
      'the lock, the sync and its next copy are folders',
      () => ['lock', 'sync.cjs', '.sync.next'].map((name) => makeFolder(inHome(name))),
    ],
    [
      'the lock leads nowhere, and the sync is empty',
      () => [
        ...[rmSync(inHome('lock'), { recursive: true }), symlinkSync(inHome('nowhere/lock'), inHome('lock'))],
        writeFileSync(inHome('sync.cjs'), ''),
      ],
    ],
    [
      'the link is a real folder with the same in it',
      () => {
        cpSync(readlinkSync(instance.path.live), `${instance.path.live}.real`, { recursive: true });
        rmSync(instance.path.live);
        renameSync(`${instance.path.live}.real`, instance.path.live);
      },
    ],
    ['the link is a folder with something else in it', () => makeFolder(instance.path.live)],
    ['the link is a file', () => [rmSync(instance.path.live), writeFileSync(instance.path.live, '')]],
    ['the link is gone', () => rmSync(instance.path.live)],
    ['the link leads nowhere', () => [rmSync(instance.path.live), symlinkSync(inHome('nowhere'), instance.path.live)]],
    [
      'the link is a relative one',
      () => [rmSync(instance.path.live), symlinkSync(`home/generations/${generation}`, instance.path.live)],
    ],
    [
      'the link leads to a file',
      () => [rmSync(instance.path.live), symlinkSync(inHome('sync.cjs'), instance.path.live)],
    ],
    [
      'the link is a real folder, and the generations are gone',
      () => {
        cpSync(readlinkSync(instance.path.live), `${instance.path.live}.real`, { recursive: true });
        rmSync(instance.path.live);
        renameSync(`${instance.path.live}.real`, instance.path.live);
        rmSync(inHome('generations'), { recursive: true });
      },
    ],
    [
      'links lead in a circle',
      () =>
        ['certificates/shop.example.com.pem', 'haproxy/50-default.web.cfg', 'sluice.state'].map((name) => [
          rmSync(live(name)),
          symlinkSync(basename(name), live(name)),
        ]),
    ],
    [
      'the generations are a link that leads in a circle',
      () => [rmSync(inHome('generations'), { recursive: true }), symlinkSync('generations', inHome('generations'))],
    ],
    ['what a reload would go back to is a folder', () => makeFolder(`${instance.path.live}.before`)],
    ['the next link is a folder', () => [makeFolder(`${instance.path.live}.next`), claims({ number: 0 })]],
    [
      'the generations are a file',
      () => [rmSync(inHome('generations'), { recursive: true }), writeFileSync(inHome('generations'), '')],
    ],
    ['the manifest has a higher number and a later time', () => claims({ number: 5_757, modified: later() })],
    ['the manifest lists nothing', () => writeFileSync(live('generation.json'), '{}')],
    ['the manifest is a folder', () => makeFolder(live('generation.json'))],
    [
      'the state file and the next one are folders',
      () => ['sluice.state', 'sluice.state.next'].map((name) => makeFolder(live(name))),
    ],
    [
      'certificates and a file of the configuration are folders',
      () =>
        ['certificates/shop.example.com.pem', 'certificates/00-stand-in.pem', 'haproxy/50-default.web.cfg'].map(
          (name) => makeFolder(live(name)),
        ),
    ],
    [
      'the certificates are a file',
      () => [rmSync(live('certificates'), { recursive: true }), writeFileSync(live('certificates'), '')],
    ],
    [
      'the configuration is a file',
      () => [rmSync(live('haproxy'), { recursive: true }), writeFileSync(live('haproxy'), '')],
    ],
    [
      'a foreign link lies among the configuration',
      () => symlinkSync(inHome('nowhere'), live('haproxy/99-foreign.cfg')),
    ],
  ])('%s', async (_, damage) => {
    const before = await instance.processes();
    const now = generation;
    damage();

    const outcome = await instance.sync(now);
    const healed = ['haproxy', 'certificates'].flatMap((folder) => readdirSync(live(folder), { withFileTypes: true }));
    const next = await publishOther();

    expect([outcome.report.failed, outcome.code, linesOf(outcome.output).length]).toStrictEqual([undefined, 0, 1]);
    // The stand-in is a link to the stage's first certificate.
    const isRight = (entry: Dirent) => entry.isFile() || (entry.isSymbolicLink() && entry.name === '00-stand-in.pem');
    expect(healed.map((entry) => (isRight(entry) ? entry.name : 'no file'))).toStrictEqual(files);
    expect(next).toMatchObject({ code: 0, report: { generation: now + 1, changed: 'membership', added: 1, left: 1 } });
    expect(lstatSync(instance.path.live).isSymbolicLink()).toBe(true);
    expect(readlinkSync(instance.path.live)).toMatch(new RegExp(`^${inHome('generations')}/\\d+b?$`));
    expect(await instance.processes()).toStrictEqual(before);
  });

  it('and what is on the disk then is what a restart brings back', async () => {
    expect(await instance.sync(generation)).toMatchObject({ code: 0, report: { changed: 'nothing' } });
    await startsAnew();
  });

  it('what cannot be healed is reported with what to do, and the proxy is brought up to date all the same', async () => {
    makeFolder(inHome('environment'));

    const told = { SLUICE_SLOT: '1', AWS_ENDPOINT_URL: instance.api.endpoint };
    const outcome = await publishOther(told);
    rmSync(inHome('environment'), { recursive: true });

    expect(linesOf(outcome.output)).toHaveLength(1);
    expect(outcome).toMatchObject({
      code: 1,
      report: {
        failed: expect.stringMatching(/environment is no file that can be read, .* end the instance/),
        ran: { generation, added: 1 },
      },
    });
    // It counts as not synced, which raises an alarm.
    const put = instance.api.calls.filter(({ action }) => action === 'cloudwatch:PutMetricData');
    expect(put.map(({ input }) => JSON.stringify(input))).toStrictEqual([
      expect.stringMatching(/"Synced".*"Value":"?0/),
    ]);
  });

  it('a line of the environment that a shell would choke on is not run, and hides no other', async () => {
    writeFileSync(
      inHome('environment'),
      `SLUICE_SLOT=1'\n$(touch ${inHome('ran')})\nwords without meaning\nAWS_REGION=eu-west-2`,
    );

    expect(await instance.sync(generation)).toMatchObject({ code: 0, report: { changed: 'nothing' } });
    expect(existsSync(inHome('ran'))).toBe(false);
  });

  it('with the API down, HAProxy still starts with what it had', async () => {
    instance.api.switch(false);
    rmSync(instance.path.live);

    expect(await instance.sync(generation, { SLUICE_PATIENCE_SECONDS: '0' })).toMatchObject({ code: 1 });
    instance.api.switch(true);
    await startsAnew();
  });
});

let current: Task;
/** The other of the two tasks takes over. */
async function publishOther(overrides: NodeJS.ProcessEnv = {}) {
  current = current === b ? a : b;
  const { certificates } = JSON.parse(instance.store.read('/sluice/test/haproxy/current') ?? '{}');
  generation = instance.publish([web(current)], certificates);
  return instance.sync(generation, overrides);
}

/** A restart brings back the same. */
async function startsAnew(): Promise<void> {
  await instance.stopHaproxy();
  await instance.startHaproxy();
  await until(async () => (await ask(instance.host)) === `200 ${current === b ? 'b' : 'a'}`);
}
