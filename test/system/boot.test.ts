import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import type { ProxyInstance } from '../../scripts/local/proxy/instance';
import { startWorld, type World } from '../../scripts/local/world';
import { until } from './haproxy-instance';

jest.setTimeout(60_000);

/** Where every process's command line can be read. */
const onLinux = existsSync('/proc/self/cmdline') ? it : it.skip;

let world: World;
const delays = {
  eventMs: 20,
  queueMs: 5,
  commandMs: 50,
  taskStartMs: 50,
  schedulerMs: 50,
  addressMs: 50,
  predecessorMs: 50,
  registerMs: 100,
};

beforeAll(async () => {
  world = await startWorld({ delays, tickSeconds: 3_600 });
}, 90_000);
afterAll(() => world?.stop());

/** The status that a browser gets for the service, or the error's code. */
const answer = (address: { host: string; port: number }): Promise<number | string> =>
  new Promise((resolve) => {
    request({ ...address, agent: false, headers: { host: 'shop.example' } }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0));
    })
      .on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
      .end();
  });

const calls = (since = 0) => world.aws.api.calls.slice(since).filter(({ role }) => role === 'ProxyRole');
const claims = (since = 0) =>
  calls(since).filter(({ action }) => /AssociateAddress|CompleteLifecycleAction/.test(action));
const now = () => world.aws.api.calls.length;
const newest = () => world.proxies.launched.at(-1) as ProxyInstance;
/** The lines of the two streams of a program may have changed places. */
const said = (instance: ProxyInstance) => instance.console.map(({ text }) => text).join('\n');

/** Replaces the proxy, and gives its successor as soon as it was launched, with the end of it all. */
async function replacing(): Promise<{ successor: ProxyInstance; done: Promise<ProxyInstance> }> {
  const before = world.proxies.launched.length;
  const done = world.proxies.replace(1);
  await until(() => world.proxies.launched.length > before);
  return { successor: newest(), done };
}

it('claims with an empty configuration where nothing was published yet: a first deploy has nothing', async () => {
  expect(said(newest())).toContain('nothing was ever published');
  expect(claims().map(({ action }) => action)).toStrictEqual([
    'ec2:AssociateAddress',
    'autoscaling:CompleteLifecycleAction',
  ]);
  expect(await answer(world.proxy.http)).toBe(404);
});

describe('with something published', () => {
  beforeAll(async () => {
    const hello = [process.execPath, join(__dirname, '../../resources/hello-world/hello.mjs')];
    const labels = { 'haproxy.host': 'shop.example', 'haproxy.check': '/health' };
    const containers = [{ name: 'web', command: hello, containerPort: 8080, labels }];
    const taskDefinition = world.ecs.registerTaskDefinition({ family: 'shop', containers });
    world.ecs.createService({ name: 'shop', taskDefinition, desiredCount: 2 });
    await until(async () => (await answer(world.proxy.http)) === 200);
    await world.ecs.steady('shop');
  });

  it('law 11: goes from nothing to serving it and then claims, in this order, before any Lambda runs', async () => {
    const [since, runs, commands] = [now(), world.reconciles().length, world.aws.commands.commands.length];
    const seen: { at: number; what: string }[] = [];
    let atClaim: Promise<number | string> | undefined;
    world.onMoment(({ at, kind, text }) => {
      if (kind === 'boot') seen.push({ at, what: text.replace(/ (on )?\S+/, '') });
      // Asked on the instance itself: the address does not lead to it yet.
      if (kind === 'boot' && / moves to /.test(text)) atClaim ??= answer(newest().addresses.http);
    });

    const { successor, done } = await replacing();
    await done;

    const order = [
      ...successor.console.map(({ at, text }) => ({ at, what: text })),
      ...calls(since).map(({ at, action }) => ({ at, what: action })),
      ...seen,
    ].sort((a, b) => a.at - b.at);
    const first = (what: RegExp) => order.findIndex((each) => what.test(each.what));
    const steps = [
      /haproxy.service is skipped/,
      /ssm:GetDocument/,
      /ssm:GetParameters/,
      /"changed":"prepared"/,
      /starts haproxy.service/,
      /ec2:AssociateAddress/,
      /autoscaling:CompleteLifecycleAction/,
      /is in service|in service in/,
    ].map(first);

    expect(steps).not.toContain(-1);
    expect(steps).toStrictEqual([...steps].sort((a, b) => a - b));
    expect(await atClaim).toBe(200);
    expect([world.reconciles().length, world.aws.commands.commands.length]).toStrictEqual([runs, commands]);
    await until(async () => (await answer(world.proxy.http)) === 200);
  });

  it('with the API down it tries again, later and later, says so, never claims, and then recovers', async () => {
    const since = now();
    world.controlPlane(false);
    const { successor, done } = await replacing();

    await until(() => said(successor).split('could not fetch the sync').length > 3);
    expect(said(successor)).toMatch(/AWS answered: .*ServiceUnavailable/);
    expect(
      said(successor)
        .match(/next try in \d+ s/g)
        ?.slice(0, 3),
    ).toStrictEqual([1, 2, 4].map((seconds) => `next try in ${seconds} s`));
    expect(claims(since)).toStrictEqual([]);
    expect(await answer(successor.addresses.http)).toBe('ECONNREFUSED');
    expect(await answer(world.proxy.http)).toBe(200);

    world.controlPlane(true);
    await done;
    expect(claims(since)).toHaveLength(2);
    await until(async () => (await answer(world.proxy.http)) === 200);
  });

  it('hears nudges as soon as it has claimed, and has pulled what came between its pull and its claim', async () => {
    world.aws.api.faults.next('ec2:AssociateAddress', 'denied', 2);
    const { successor, done } = await replacing();
    await until(() => said(successor).includes('could not take over address'));
    // Nobody nudges for it.
    const Name = '/sluice/dev/haproxy/current';
    const Value = world.aws.parameters.read(Name) ?? '';
    const published = world.aws.parameters.put({ Name, Value, Type: 'String', Overwrite: true }).Version;
    await done;

    await until(() => said(successor).includes(`"generation":${published},`));
    const { lines } = await successor.managed.run({ text: 'echo heard', timeoutSeconds: 5 });
    expect(lines).toStrictEqual(['heard']);
  });

  it('loses no request when the update of HAProxy’s package reloads it', async () => {
    const proxy = world.proxies.current(1);
    const before = await world.proxy.reloads();
    const answers: (number | string)[] = [];
    let over = false;
    const load = (async () => {
      while (!over) answers.push(await answer(world.proxy.http));
    })();

    const { code } = await proxy.managed.run({ text: 'systemctl reload haproxy.service', timeoutSeconds: 20 });
    await until(async () => (await world.proxy.reloads()) === before + 1);
    await pause(500);
    over = true;
    await load;

    expect(code).toBe(0);
    expect(said(proxy)).toMatch(/"health":"(\d) of \1 servers answer"/);
    expect(new Set(answers)).toStrictEqual(new Set([200]));
  });

  it('boots without an SSM agent too, and says so', async () => {
    let removed = false;
    world.onMoment(({ text }) => {
      if (removed || !text.endsWith(' boots')) return;
      removed = true;
      rmSync(newest().located('/etc/systemd/system/snap.amazon-ssm-agent.amazon-ssm-agent.service'));
    });
    const { successor, done } = await replacing();
    await done;

    await until(() => said(successor).includes('found no SSM agent to restart'));
    await until(async () => (await answer(world.proxy.http)) === 200);
  });

  it.each([
    ['ssm:GetDocument', 'denied', [/AccessDenied/, /could not fetch the sync; next try in 1 s/]],
    ['ssm:GetParameter', 'denied', [/refused GetParameter/, /could not pull what is published; next try in 1 s/]],
    ['ec2:AssociateAddress', 'denied', [/could not take over address 1 .*UnauthorizedOperation.*next try in 1 s/]],
    ['autoscaling:CompleteLifecycleAction', 'denied', [/could not tell Auto Scaling.*AccessDenied.*next try in 1 s/]],
  ] as const)('when %s is %s it says so, and goes on when it may', async (action, fault, words) => {
    // Thrice, for the sync of the one before, at its registration, may meet one.
    world.aws.api.faults.next(action, fault, action === 'ssm:GetParameter' ? 3 : 1);
    const { successor, done } = await replacing();
    await done;
    world.aws.api.faults.clear();

    for (const each of words) expect(said(successor)).toMatch(each);
    await until(async () => (await answer(world.proxy.http)) === 200);
  });

  it('waits for packages until there is a network', async () => {
    let refused = false;
    world.onMoment(({ text }) => {
      if (refused || !text.endsWith(' boots')) return;
      refused = true;
      writeFileSync(join(newest().disk, 'apt-fails'), 'once\n');
    });
    const { successor, done } = await replacing();
    await done;

    expect(said(successor)).toContain('Temporary failure');
    expect(said(successor)).toContain('could not install the packages; next try in 1 s');
  });

  it('a certificate that cannot be had keeps nothing else from being served', async () => {
    const put = (path: string, Value: string, Type = 'String') =>
      world.aws.parameters.put({ Name: `/sluice/dev/certificates/${path}`, Value, Type, Overwrite: true }).Version;
    const [key, chain] = [put('bad.example/key', 'no key', 'SecureString'), put('bad.example/chain', 'no chain')];
    const entry = { name: 'bad.example', names: ['bad.example'], serial: '01', key, chain };
    put('index', JSON.stringify([entry]));
    world.tick();
    await until(() => (world.aws.parameters.read('/sluice/dev/haproxy/current') ?? '').includes('bad.example'));

    const { successor, done } = await replacing();
    await done;
    put('index', '[]');
    world.tick();

    expect(said(successor).split('everything else of generation').length).toBe(4);
    await until(async () => (await answer(world.proxy.http)) === 200);
  });

  onLinux('law 12: no credential of the role is on a command line', async () => {
    world.aws.api.faults.next('ssm:GetDocument', { lateMs: 1_000 });
    const { done } = await replacing();
    const asking = () => commandLines().filter((line) => line.includes('AmazonSSM.GetDocument'));
    await until(() => asking().length > 0);
    const found = asking().join('\n');
    await done;

    expect(found).toContain('--aws-sigv4');
    expect(found).not.toMatch(/ASIA|security-token:/);
  });

  it('law 11: a reboot claims nothing, and pulls beside HAProxy what was published meanwhile', async () => {
    const since = now();
    await world.proxy.reboot();
    await until(() => calls(since).some(({ action }) => action === 'ssm:GetParameter'));
    await until(async () => (await answer(world.proxy.http)) === 200);
    await pause(300);

    expect(claims(since)).toStrictEqual([]);
  });

  it('claims nothing either when it is asked once more', async () => {
    const since = now();
    const text = 'set -a; . "$SLUICE_HOME/environment"; exec node "$SLUICE_HOME/sync.cjs" claim';
    const { code, lines } = await world.proxies.current(1).managed.run({ text, timeoutSeconds: 20 });

    expect([code, lines.join()]).toStrictEqual([0, expect.stringContaining('claimed address 1 before')]);
    expect(claims(since)).toStrictEqual([]);
  });

  it('HAProxy is started again whenever it ends, from what is on the disk', async () => {
    const pid = await world.proxy.pid();
    world.controlPlane(false);
    process.kill(pid, 'SIGKILL');

    await until(async () => (await world.proxy.pid()) !== pid && (await answer(world.proxy.http)) === 200);
    world.controlPlane(true);
  });

  it('law 14: no call was denied but those that a test had denied', () => {
    expect([...new Set(world.denied().map(({ action }) => action))].sort()).toStrictEqual([
      'autoscaling:CompleteLifecycleAction',
      'ec2:AssociateAddress',
      'ssm:GetDocument',
      'ssm:GetParameter',
    ]);
  });
});

/** Of every process. */
const commandLines = (): readonly string[] =>
  readdirSync('/proc').flatMap((pid) => {
    try {
      return /^\d+$/.test(pid) ? readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ') : [];
    } catch {
      // It has ended.
      return [];
    }
  });
