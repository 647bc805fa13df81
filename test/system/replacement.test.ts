import { connect, type Socket } from 'node:net';
import { delays as defaults } from '../../scripts/local/delays';
import type { World } from '../../scripts/local/world';
import type { Address } from '../../scripts/real/loopback';
import { answersDuring, openShop, startQuick, statusAt } from './shop';

/** AWS's own time for an address to move is assumed; everything else is measured. */
const { addressMs } = defaults;
/** A browser tries the next address of a name when one is silent for this long (RFC 8305, section 5). */
const nextAddressMs = 250;

let world: World;
afterEach(() => world?.stop());

async function start(variant: 'default' | 'twoProxies'): Promise<readonly Address[]> {
  world = await startQuick({ variant });
  await openShop(world);
  return world.proxies.addresses.map(({ ports }) => ({ host: '127.0.0.1', port: ports.http }));
}

/** The status that a new connection gets, or the error's code. The next address is tried when one fails, or is silent. */
async function visit([address, ...others]: readonly Address[]): Promise<number | string> {
  const timeout = others.length > 0 ? nextAddressMs : 20_000;
  const result = await statusAt(address as Address, 'shop.example', { timeout });
  return result === 200 || others.length === 0 ? result : visit(others);
}

type Visit = { readonly at: number; readonly tookMs: number; readonly result: number | string };

/** New connections at a steady pace, each to the addresses in an order of its own, while something is done. */
const visits = (addresses: readonly Address[], meanwhile: () => Promise<unknown>): Promise<readonly Visit[]> => {
  const one = async (count: number): Promise<Visit> => {
    const [at, from] = [Date.now(), count % addresses.length];
    const result = await visit([...addresses.slice(from), ...addresses.slice(0, from)]);
    return { at, tookMs: Date.now() - at, result };
  };
  return answersDuring(one, 10, meanwhile);
};

/** The longest time in which no new connection got an answer, in milliseconds. */
function outage(seen: readonly Visit[]): number {
  const answers = seen.filter(({ result }) => result === 200).map(({ at, tookMs }) => at + tookMs);
  const sorted = answers.sort((a, b) => a - b);
  return Math.max(...sorted.map((at, index) => at - (sorted[index - 1] ?? at)));
}

const unanswered = (seen: readonly Visit[]) => seen.filter(({ result }) => result !== 200);
const summary = (seen: readonly Visit[]): string =>
  `${seen.length} new connections, ${unanswered(seen).length} of them cut; ${outage(seen)} ms without an answer, ` +
  `the longest wait ${Math.max(...seen.map(({ tookMs }) => tookMs))} ms`;

/** Opens idle connections, and counts those that were closed from elsewhere until it closes them. */
function openConnections({ port, host }: Address, count: number): () => number {
  let closed = 0;
  const sockets: Socket[] = Array.from({ length: count }, () => connect(port, host).on('error', () => {}));
  for (const socket of sockets) socket.on('close', () => (closed += 1));
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
    if (text.includes(' starts haproxy.service')) open = openConnections(addresses[0] as Address, 20);
    if (text.includes(' moves to ')) moved = at;
  });

  const seen = await visits(addresses, () => world.proxies.replace(1));
  const cut = open();

  const assumed = `${addressMs} ms of it assumed for AWS's move`;
  console.log(`one proxy replaced: ${summary(seen)} (${assumed}); ${cut} of 20 open connections cut`);
  expect(world.proxies.current(1).id).not.toBe(old.id);
  expect(unanswered(seen).filter(({ at, tookMs }) => at + tookMs < moved || at > moved)).toStrictEqual([]);
  expect(seen.find(({ at, tookMs }) => at + tookMs < moved && tookMs > 2 * nextAddressMs)).toBeUndefined();
  expect(cut).toBe(20);
  expect(world.denied()).toStrictEqual([]);
});

it('two proxies are replaced one after the other: a client that tries the next address is served all the time', async () => {
  const addresses = await start('twoProxies');
  const moves: number[] = [];
  world.onMoment(({ at, text }) => void (text.includes(' moves to ') && moves.push(at)));

  const seen = await visits(addresses, async () => {
    await world.proxies.replace(1);
    await world.proxies.replace(2);
  });

  console.log(`two proxies replaced: ${summary(seen)}`);
  expect(unanswered(seen)).toStrictEqual([]);
  expect(outage(seen)).toBeLessThan(addressMs);
  expect(moves).toHaveLength(2);
  for (const from of moves) {
    // Whoever comes later may not have tried the other address before the move is over.
    const during = seen.filter(({ at }) => at > from && at < from + addressMs - 2 * nextAddressMs);
    const answered = during.filter(({ at, tookMs }) => at + tookMs < from + addressMs);
    expect(answered.length).toBeGreaterThan(during.length / 2);
  }
});
