import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import type { ProxyInstance } from '../../scripts/local/proxy/instance';
import { openShop, said, serves, statusAt, until, world, worldForAll } from './shop';

worldForAll({ delays: { addressMs: 50, predecessorMs: 50, registerMs: 100 } });

const calls = (since = 0) => world.aws.api.calls.slice(since).filter(({ role }) => role === 'ProxyRole');
const claims = (since = 0) =>
  calls(since).filter(({ action }) => /AssociateAddress|CompleteLifecycleAction/.test(action));
const now = () => world.aws.api.calls.length;
const newest = () => world.proxies.launched.at(-1) as ProxyInstance;

/** Replaces the proxy, and returns its successor as soon as it was launched, with the end of it all. */
async function replacing(): Promise<{ successor: ProxyInstance; done: Promise<ProxyInstance> }> {
  const before = world.proxies.launched.length;
  const done = world.proxies.replace(1);
  await until(() => world.proxies.launched.length > before);
  return { successor: newest(), done };
}

/** Replaces the proxy, with something done to its successor as soon as that boots. */
async function replaced(meanwhile: (successor: ProxyInstance) => void = () => {}): Promise<ProxyInstance> {
  let isDone = false;
  world.onMoment(({ text }) => {
    if (isDone || !text.endsWith(' boots')) return;
    isDone = true;
    meanwhile(newest());
  });
  const { successor, done } = await replacing();
  await done;
  return successor;
}

it('claims with an empty configuration when nothing was published yet, as at a first deploy', async () => {
  expect(said(newest())).toContain('nothing was ever published');
  expect(claims().map(({ action }) => action)).toStrictEqual([
    'ec2:AssociateAddress',
    'autoscaling:CompleteLifecycleAction',
  ]);
  expect(await statusAt(world.proxy.http)).toBe(404);
});

describe('with something published', () => {
  beforeAll(async () => {
    await openShop(world);
    // A sync that still runs on the old proxy asks for parameters too.
    const isOver = (output: unknown) => output !== undefined;
    await until(() => world.aws.commands.commands.every(({ invocations }) => [...invocations.values()].every(isOver)));
  });

  it('law 11: a new proxy pulls, serves and then claims, in this order, before any Lambda runs', async () => {
    const [since, runs, commands] = [now(), world.reconciles().length, world.aws.commands.commands.length];
    const seen: { at: number; what: string }[] = [];
    let atClaim: Promise<number | string> | undefined;
    world.onMoment(({ at, kind, text }) => {
      if (kind === 'boot') seen.push({ at, what: text.replace(/ (on )?\S+/, '') });
      // Asked on the instance itself: the address does not lead to it yet.
      if (kind === 'boot' && / moves to /.test(text)) atClaim ??= statusAt(newest().addresses.http);
    });

    const successor = await replaced();

    const order = [
      ...successor.console.map(({ at, text }) => ({ at, what: text })),
      ...calls(since).map(({ at, action }) => ({ at, what: action })),
      ...seen,
    ].sort((a, b) => a.at - b.at);
    const first = (what: RegExp) => order.findIndex((each) => what.test(each.what));
    const steps = [
      ...[/haproxy.service is skipped/, /ssm:GetDocument/, /ssm:GetParameters/, /"changed":"prepared"/],
      ...[/starts haproxy.service/, /ec2:AssociateAddress/, /autoscaling:CompleteLifecycleAction/, /in service in/],
    ].map(first);

    expect(steps).not.toContain(-1);
    expect(steps).toStrictEqual([...steps].sort((a, b) => a - b));
    expect(await atClaim).toBe(200);
    expect([world.reconciles().length, world.aws.commands.commands.length]).toStrictEqual([runs, commands]);
    await serves(world.proxy.http);
  });

  it('with the API down it retries at growing intervals, logs that, never claims, and then recovers', async () => {
    const since = now();
    world.controlPlane(false);
    const { successor, done } = await replacing();

    await until(() => said(successor).split('could not fetch the sync').length > 3);
    expect(said(successor)).toMatch(/AWS answered: .*ServiceUnavailable/);
    const tries = [...said(successor).matchAll(/next try in (\d+) s/g)].map(([, seconds]) => seconds);
    expect(tries.slice(0, 3)).toStrictEqual(['1', '2', '4']);
    expect(claims(since)).toStrictEqual([]);
    expect(await statusAt(successor.addresses.http)).toBe('ECONNREFUSED');
    expect(await statusAt(world.proxy.http)).toBe(200);

    world.controlPlane(true);
    await done;
    expect(claims(since)).toHaveLength(2);
    await serves(world.proxy.http);
  });

  it('receives nudges as soon as it has claimed, and has pulled what was published between its pull and its claim', async () => {
    world.aws.api.faults.next('ec2:AssociateAddress', 'denied', 2);
    const { successor, done } = await replacing();
    await until(() => /could not take over address 1 .*UnauthorizedOperation.*next try in 1 s/.test(said(successor)));
    // Nobody nudges for it.
    const Name = '/sluice/dev/haproxy/current';
    const Value = world.aws.parameters.read(Name) ?? '';
    const published = world.aws.parameters.put({ Name, Value, Type: 'String', Overwrite: true }).Version;
    await done;

    await until(() => said(successor).includes(`"generation":${published},`));
    const { lines } = await successor.managed.run({ text: 'echo heard', timeoutSeconds: 5 });
    expect(lines).toStrictEqual(['heard']);
  });

  it('boots without an SSM agent, and retries packages, the sync, its pull and its hook until they succeed', async () => {
    const successor = await replaced(({ disk, located }) => {
      rmSync(located('/etc/systemd/system/snap.amazon-ssm-agent.amazon-ssm-agent.service'));
      writeFileSync(join(disk, 'apt-fails'), 'once\n');
      world.aws.api.faults.next('ssm:GetDocument', 'denied');
      // Three times, because the old proxy's sync, at its registration, may use one up.
      world.aws.api.faults.next('ssm:GetParameter', 'denied', 3);
      world.aws.api.faults.next('autoscaling:CompleteLifecycleAction', 'denied');
    });

    const words = [
      ...[/AWS answered: .*AccessDenied/, /could not fetch the sync; next try in 1 s/],
      ...[/found no SSM agent to restart/, /Temporary failure/, /could not install the packages; next try in 1 s/],
      ...[/refused GetParameter/, /could not pull what is published; next try in 1 s/],
      /could not tell Auto Scaling.*AccessDenied.*next try in 1 s/,
    ];
    await until(() => words.every((each) => each.test(said(successor))));
    world.aws.api.faults.clear();
    await serves(world.proxy.http);
  });

  it('a certificate that cannot be used stops nothing else from being served', async () => {
    const put = (path: string, Value: string, Type = 'String') =>
      world.aws.parameters.put({ Name: `/sluice/dev/certificates/${path}`, Value, Type, Overwrite: true }).Version;
    const [key, chain] = [put('bad.example/key', 'no key', 'SecureString'), put('bad.example/chain', 'no chain')];
    const entry = { name: 'bad.example', names: ['bad.example'], serial: '01', key, chain };
    put('index', JSON.stringify([entry]));
    world.tick();
    await until(() => (world.aws.parameters.read('/sluice/dev/haproxy/current') ?? '').includes('bad.example'));

    const successor = await replaced();
    put('index', '[]');
    world.tick();

    expect(said(successor).split('everything else of generation').length).toBe(4);
    await serves(world.proxy.http);
  });

  it('law 11: a reboot claims nothing, even when asked to, and pulls what was published meanwhile', async () => {
    const since = now();
    await world.proxy.reboot();
    await until(() => calls(since).some(({ action }) => action === 'ssm:GetParameter'));
    await serves(world.proxy.http);
    await pause(300);
    const text = 'set -a; . "$SLUICE_HOME/environment"; exec node "$SLUICE_HOME/sync.cjs" claim';
    const { code, lines } = await world.proxies.current(1).managed.run({ text, timeoutSeconds: 20 });

    expect([code, lines.join()]).toStrictEqual([0, expect.stringContaining('claimed address 1 before')]);
    expect(claims(since)).toStrictEqual([]);
  });

  it('HAProxy is started again whenever it ends, from the files on the disk', async () => {
    const pid = await world.proxy.pid();
    world.controlPlane(false);
    process.kill(pid, 'SIGKILL');

    await until(() =>
      world.proxy.pid().then(
        (now) => now !== pid,
        () => false,
      ),
    );
    await serves(world.proxy.http);
    world.controlPlane(true);
  });

  it('law 14: only the calls that a test denied were denied', () => {
    expect([...new Set(world.denied().map(({ action }) => action))].sort()).toStrictEqual([
      'autoscaling:CompleteLifecycleAction',
      'ec2:AssociateAddress',
      'ssm:GetDocument',
      'ssm:GetParameter',
    ]);
  });
});
