import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Address } from '../../scripts/local/api/loopback';
import { delays as defaults } from '../../scripts/local/delays';
import { startWorld, type World } from '../../scripts/local/world';
import { until } from './haproxy-instance';

jest.setTimeout(90_000);

/** AWS's own time for an address to move is assumed; everything else is measured. */
const { addressMs } = defaults;
const delays = { eventMs: 20, queueMs: 5, commandMs: 50, taskStartMs: 50, schedulerMs: 50, registerMs: 200 };
/** A browser tries the next address of a name when one is silent for this long (RFC 8305, section 5). */
const nextAddressMs = 250;
const everyMs = 10;

let world: World;
afterEach(() => world?.stop());

async function start(variant: 'default' | 'twoProxies'): Promise<readonly Address[]> {
  world = await startWorld({ delays, tickSeconds: 3_600, variant });
  const hello = [process.execPath, join(__dirname, '../../resources/hello-world/hello.mjs')];
  const labels = { 'haproxy.host': 'shop.example', 'haproxy.check': '/health' };
  const containers = [{ name: 'web', command: hello, containerPort: 8080, labels }];
  const taskDefinition = world.ecs.registerTaskDefinition({ family: 'shop', containers });
  world.ecs.createService({ name: 'shop', taskDefinition, desiredCount: 2 });
  const addresses = world.proxies.addresses.map(({ ports }) => ({ host: '127.0.0.1', port: ports.http }));
  for (const address of addresses) await until(async () => (await visit([address])) === 200);
  await world.ecs.steady('shop');
  return addresses;
}

const agent = new Agent({ keepAlive: false });

/** The status that a new connection gets, or the error's code. The next address is tried when one fails, or is silent. */
async function visit([address, ...others]: readonly Address[]): Promise<number | string> {
  const attempt = new Promise<number | string>((resolve) => {
    const timeout = others.length > 0 ? nextAddressMs : 20_000;
    const asked = request({ ...address, agent, timeout, headers: { host: 'shop.example' } }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0));
    });
    asked.on('timeout', () => asked.destroy(Object.assign(new Error(), { code: 'ETIMEDOUT' })));
    asked.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error')).end();
  });
  const result = await attempt;
  return result === 200 || others.length === 0 ? result : visit(others);
}

type Visit = { readonly at: number; readonly tookMs: number; readonly result: number | string };

/** New connections at a steady pace, each to the addresses in an order of its own, while something is done. */
async function visits(addresses: readonly Address[], meanwhile: () => Promise<unknown>): Promise<readonly Visit[]> {
  const all: Promise<Visit>[] = [];
  let over = false;
  const load = (async () => {
    for (let n = 0; !over; n += 1) {
      const at = Date.now();
      const from = n % addresses.length;
      const order = [...addresses.slice(from), ...addresses.slice(0, from)];
      all.push(visit(order).then((result) => ({ at, tookMs: Date.now() - at, result })));
      await pause(everyMs);
    }
  })();
  await pause(500);
  await meanwhile();
  await pause(500);
  over = true;
  await load;
  return Promise.all(all);
}

/** The longest time in which no new connection got an answer, in milliseconds. */
function outage(seen: readonly Visit[]): number {
  const answers = seen.filter(({ result }) => result === 200).map(({ at, tookMs }) => at + tookMs);
  const sorted = answers.sort((a, b) => a - b);
  return Math.max(...sorted.map((at, index) => at - (sorted[index - 1] ?? at)));
}

const unanswered = (seen: readonly Visit[]) => seen.filter(({ result }) => result !== 200);

/** Idle connections; gives how many of them were closed on the way. */
async function openConnections(address: Address, count: number): Promise<() => number> {
  let closed = 0;
  const sockets: Socket[] = [];
  for (let n = 0; n < count; n += 1) {
    const socket = connect(address.port, address.host).on('error', () => {});
    socket.on('close', () => (closed += 1));
    sockets.push(socket);
  }
  return () => {
    const seen = closed;
    for (const socket of sockets) socket.destroy();
    return seen;
  };
}

it('one proxy is replaced: no new connection fails, but all wait while AWS moves the address, and open ones are cut', async () => {
  const addresses = await start('default');
  const old = world.proxies.current(1);
  let open: () => number = () => 0;
  let moved = 0;
  world.onMoment(({ at, text }) => {
    if (text.includes(' starts haproxy.service'))
      void openConnections(addresses[0] as Address, 20).then((end) => (open = end));
    if (text.includes(' moves to ')) moved = at;
  });

  const seen = await visits(addresses, () => world.proxies.replace(1));
  const cut = open();

  const gap = outage(seen);
  const slowest = Math.max(...seen.map(({ tookMs }) => tookMs));
  console.log(
    `one proxy replaced: ${seen.length} new connections, ${unanswered(seen).length} of them cut; ` +
      `${gap} ms without an answer (${addressMs} ms of it assumed for AWS's move), the longest wait ${slowest} ms; ` +
      `${cut} of 20 open connections cut`,
  );
  expect(world.proxies.current(1).id).not.toBe(old.id);
  expect(unanswered(seen).filter(({ at, tookMs }) => at + tookMs < moved || at > moved)).toStrictEqual([]);
  expect(seen.find(({ at, tookMs }) => at + tookMs < moved && tookMs > 2 * nextAddressMs)).toBeUndefined();
  expect(cut).toBe(20);
  expect(world.denied()).toStrictEqual([]);
});

it('two proxies are replaced one after the other: whoever tries the next address is served all the time', async () => {
  const addresses = await start('twoProxies');

  const seen = await visits(addresses, async () => {
    await world.proxies.replace(1);
    await world.proxies.replace(2);
  });

  const slowest = Math.max(...seen.map(({ tookMs }) => tookMs));
  console.log(
    `two proxies replaced: ${seen.length} new connections, ${unanswered(seen).length} of them cut; ` +
      `${outage(seen)} ms without an answer, the longest wait ${slowest} ms`,
  );
  expect(unanswered(seen)).toStrictEqual([]);
  expect(outage(seen)).toBeLessThan(addressMs / 2);
});
