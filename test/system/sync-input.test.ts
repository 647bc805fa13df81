import { mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { currentName, pieceName, sha256 } from '../../lib/generation/generation';
import { type Instance, selfSigned, startInstance, until } from './haproxy-instance';
import { ask, backend, startTask, stopTasks, type Task } from './haproxy-tasks';

jest.setTimeout(60_000);

let instance: Instance;
let a: Task;
let b: Task;

beforeEach(async () => {
  instance = await startInstance();
  [a, b] = [await startTask('a'), await startTask('b')];
});
afterEach(async () => {
  await instance.stop();
  stopTasks();
});

type Answered = ReturnType<Instance['store']['handlers']['ssm:GetParameters']>['Parameters'][number];
const web = (...started: Task[]) => backend(started.map(({ server }) => server));
const current = currentName('/sluice/test');

async function serving(): Promise<number> {
  const number = instance.publish([web(a)]);
  await instance.sync(number);
  await instance.startHaproxy();
  await until(async () => (await ask(instance.host)) === '200 a');
  return number;
}

/** What runs and what is installed: a restart must bring back the same. */
const state = async () => ({
  processes: await instance.processes(),
  servers: (await instance.servers()).map(({ name, admitted }) => ({ name, admitted })),
  folder: readlinkSync(instance.path.live),
  answer: await ask(instance.host),
});

describe('keeps what runs, and says why, when', () => {
  const damaged: readonly [string, (number: number) => void, RegExp][] = [
    ['the pointer is no JSON', () => instance.put(current, '{"files":'), /current:2 is damaged \(it is not JSON\)/],
    [
      'the pointer lists nothing',
      () => instance.put(current, '{"files":[],"certificates":[]}'),
      /current:2 is damaged/,
    ],
    [
      'reading is denied',
      () => instance.api.faults.next('ssm:GetParameter', 'denied'),
      /refused GetParameter of .*current: AccessDenied/,
    ],
    [
      'reading pieces is denied',
      () => {
        instance.publish([web(a, b)]);
        instance.api.faults.next('ssm:GetParameters', 'denied');
      },
      /refused GetParameters of .*50-default.web.cfg:2: AccessDenied/,
    ],
    [
      'a piece is not what was published',
      () => {
        instance.publish([web(a, b)]);
        const listed = JSON.parse(instance.store.read(current) ?? '');
        listed.files[2].versions = [1];
        listed.files[2].sha256 = 'x'.repeat(43);
        instance.put(current, JSON.stringify(listed));
      },
      /50-default.web.cfg:1 is damaged \(its hash is not the published one\)/,
    ],
    [
      'a piece is missing',
      () => {
        instance.publish([web(a, b)]);
        const listed = JSON.parse(instance.store.read(current) ?? '');
        listed.files[2].versions = [99];
        listed.files[2].sha256 = 'x'.repeat(43);
        instance.put(current, JSON.stringify(listed));
      },
      /50-default.web.cfg:99 is missing in Parameter Store/,
    ],
  ];

  it.each(damaged)('%s', async (_, damage, message) => {
    const number = await serving();
    const before = await state();
    damage(number);

    const outcome = await instance.sync(number);

    expect(outcome).toMatchObject({ code: 1, report: { failed: expect.stringMatching(message) } });
    expect(await state()).toStrictEqual(before);
  });

  it('the asked generation does not come', async () => {
    const number = await serving();
    const before = await state();

    const outcome = await instance.sync(number + 1);

    expect(outcome.report.failed).toBe(
      `asked for generation ${number + 1}, but ${current} is still at ${number}; what runs is kept, the next tick tries again`,
    );
    expect(outcome.code).toBe(1);
    expect(await state()).toStrictEqual(before);
  });

  it('there is no pointer: absence is not emptiness', async () => {
    await serving();
    const before = await state();
    const elsewhere = { SLUICE_PREFIX: '/sluice/other' };
    const script = readFileSync(join(instance.path.folder, 'sync.sh'), 'utf8').replace(
      "'/sluice/test'",
      "'/sluice/other'",
    );
    writeFileSync(join(instance.path.folder, 'sync.sh'), script);

    const boot = await instance.sync(0, elsewhere);
    const nudge = await instance.sync(1, elsewhere);

    expect(boot).toMatchObject({ code: 0, report: { changed: 'nothing', how: 'nothing was ever published' } });
    expect(nudge).toMatchObject({
      code: 1,
      report: { failed: expect.stringContaining('/sluice/other/haproxy/current does not exist') },
    });
    expect(await state()).toStrictEqual(before);
  });
});

describe('Parameter Store', () => {
  it('is asked again when it throttles or fails, and delays only', async () => {
    await serving();
    instance.api.faults.next('ssm:GetParameter', 'throttled', 2);
    instance.api.faults.next('ssm:GetParameters', 'failing');
    instance.api.faults.next('ssm:GetParameters', 'cut');

    const outcome = await instance.sync(instance.publish([web(a, b)]));

    expect(outcome).toMatchObject({ code: 0, report: { changed: 'membership', added: 1 } });
  });

  it('is read in exactly the versions that the pointer names', async () => {
    await serving();
    const number = instance.publish([web(a, b)]);
    instance.put(pieceName('/sluice/test', '50-default.web.cfg', 0), 'half a write of the next generation');

    const outcome = await instance.sync(number);

    expect(outcome).toMatchObject({ code: 0, report: { generation: number, added: 1 } });
  });

  it.each<[string, (parameter: Answered) => Answered]>([
    ['no selector', ({ Selector: _, ...rest }) => rest],
    ['the number alone', ({ Selector, ...rest }) => ({ ...rest, Selector: (Selector ?? '').slice(1) })],
    ['a label', (parameter) => ({ ...parameter, Selector: ':live' })],
    ['an ARN for the name', ({ Selector: _, ...rest }) => ({ ...rest, Name: rest.ARN })],
  ])('is understood when it answers with %s', async (_, form) => {
    await serving();
    const { handlers } = instance.store;
    const get = handlers['ssm:GetParameters'];
    handlers['ssm:GetParameters'] = (input) => {
      const { Parameters, InvalidParameters } = get(input);
      return { Parameters: Parameters.map(form), InvalidParameters };
    };
    const certificate = instance.storeCertificate('shop.example.com', { key: selfSigned('shop.example.com') });

    const outcome = await instance.sync(instance.publish([web(a, b)], [certificate]));

    expect(outcome).toMatchObject({ code: 0, report: { added: 1, certificates: ['shop.example.com.pem'] } });
  });

  it('gives a configuration in parts', async () => {
    await serving();
    const host = (index: number) => `${sha256(String(index)).replace(/[^a-z]/g, 'x')}.example.com`;
    const routes = Array.from({ length: 400 }, (_, index) => ({ host: host(index), path: '/', since: index }));
    const number = instance.publish([web(a), { ...web(b), name: 'default.many', routes }]);

    const outcome = await instance.sync(number);

    expect(instance.store.read(pieceName('/sluice/test', '10-frontends.cfg', 1))).toBeDefined();
    expect(outcome).toMatchObject({ code: 0, report: { changed: 'structure' } });
  });

  it('is not believed when it answers with an older pointer than the installed one', async () => {
    await serving();
    const later = instance.publish([web(a, b)]);
    await instance.sync(later);
    const before = await state();
    const { handlers } = instance.store;
    const get = handlers['ssm:GetParameter'];
    handlers['ssm:GetParameter'] = (input) => get({ ...input, Name: input.Name.replace(/current$/, 'current:1') });

    const outcome = await instance.sync(0);

    expect(outcome).toMatchObject({ code: 0, report: { generation: later, changed: 'nothing' } });
    // Both are there, and take turns.
    expect(await state()).toStrictEqual({ ...before, answer: expect.stringMatching(/^200 [ab]$/) });
  });

  it('can start again at 1 when somebody deleted the pointer', async () => {
    await serving();
    installedAs({ number: 57 });

    const outcome = await instance.sync(instance.publish([web(a, b)]));

    expect(outcome).toMatchObject({ code: 0, report: { generation: 2, changed: 'membership' } });
  });
});

/** As if the installed generation had another number, or were published at another time. */
function installedAs(other: { readonly number: number; readonly modified?: number }): void {
  const manifest = join(readlinkSync(instance.path.live), 'generation.json');
  writeFileSync(manifest, JSON.stringify({ ...JSON.parse(readFileSync(manifest, 'utf8')), ...other }));
}

describe('drift', () => {
  it('is repaired without fetching again: a server that somebody deleted comes back', async () => {
    const number = await serving();
    await instance.worker('set server default.web/a state maint');
    await instance.worker('del server default.web/a');
    const calls = instance.api.calls.length;

    const outcome = await instance.sync(number);

    expect(outcome.report).toMatchObject({ changed: 'membership', added: 1 });
    expect(instance.api.calls.length - calls).toBe(1);
    await until(async () => (await ask(instance.host)) === '200 a');
  });

  it('is repaired on the disk too: an edited file, a foreign one and a folder', async () => {
    const number = await serving();
    const folder = join(instance.path.live, 'haproxy');
    writeFileSync(join(folder, '50-default.web.cfg'), 'edited');
    writeFileSync(join(folder, '99-foreign.cfg'), 'foreign');
    mkdirSync(join(folder, 'folder.cfg'));

    const outcome = await instance.sync(number);

    expect(outcome).toMatchObject({ code: 0, report: { changed: 'files' } });
    expect(readdirSync(folder)).toStrictEqual(['00-global.cfg', '10-frontends.cfg', '50-default.web.cfg']);
    expect(readFileSync(join(folder, '50-default.web.cfg'), 'utf8')).toContain('server a 127.0.0.1');
  });

  it('of a task at another address under its old name is no trap', async () => {
    const number = await serving();
    const moved = { ...b.server, name: 'a' };

    const outcome = await instance.sync(instance.publish([backend([moved])]));

    expect(outcome).toMatchObject({ code: 0, report: { generation: number + 1, changed: 'membership' } });
    await until(async () => (await ask(instance.host)) === '200 b');
  });
});

describe('the instance', () => {
  it('gets an empty configuration that HAProxy starts with when nothing was ever published', async () => {
    const outcome = await instance.sync(0);
    await instance.startHaproxy();

    expect(outcome).toMatchObject({ code: 0, report: { generation: 0 } });
    expect(await ask(instance.host)).toMatch(/^404/);
  });

  it('gets one with its control plane down too, and says that it could not ask', async () => {
    const outcome = await instance.sync(0, { AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://127.0.0.1:1' });
    await instance.startHaproxy();

    expect(outcome).toMatchObject({
      code: 1,
      report: { failed: expect.stringMatching(/^no answer from .*api\/token/) },
    });
    expect(await ask(instance.host)).toMatch(/^404/);
  });

  it('serves the last good state after a reboot, control plane down', async () => {
    await serving();
    await instance.sync(instance.publish([web(a, b)]));
    instance.api.switch(false);
    await instance.stopHaproxy();
    rmSync(join(instance.path.folder, 'run'), { recursive: true });
    mkdirSync(join(instance.path.folder, 'run'));

    await instance.startHaproxy();
    for (const name of ['a', 'b']) await until(async () => (await instance.status('default.web', name)) === 'UP');

    const answers = await Promise.all(Array.from({ length: 8 }, () => ask(instance.host)));
    expect(new Set(answers)).toStrictEqual(new Set(['200 a', '200 b']));
  });

  it('keeps the live folder and the one before', async () => {
    await serving();
    for (const tasks of [[a, b], [b], [a]]) await instance.sync(instance.publish([web(...tasks)]));

    expect(readdirSync(join(instance.path.home, 'generations')).sort()).toStrictEqual(['3', '4']);
  });

  it('says what a generation is when it is asked for something else', async () => {
    expect(await instance.sync(Number.NaN)).toMatchObject({
      code: 1,
      report: { failed: '"NaN" is no generation; give a number, or 0 for whatever is current' },
    });
    const { output } = await instance.sync('\u009b2J\u202e' as never);
    expect(output).toContain('\\\\u{9b}2J\\\\u{202e}');
    expect(output).not.toMatch(/[\u009b\u202e]/);
  });
});
