import type { Configuration } from './configurations';
import { pinned } from './cpu';
import { loadCommand, type Protocol, readAnswers } from './load';
import { type Measured, startMeasured } from './measured';
import type { Stand } from './stand';

/** CPU a request in µs; `busy` is the share of its core that HAProxy used meanwhile. */
export type Sample = { readonly microseconds: number; readonly requests: number; readonly busy: number };
/** Both configurations twice. */
export type Round = {
  readonly first: readonly [Sample, Sample];
  readonly second: readonly [Sample, Sample];
  /** Of CPU a request, the first to the second. */
  readonly ratio: number;
};

export type Amount = { readonly rounds: number; readonly seconds: number };
export type Pair = readonly [first: Configuration, second: Configuration];

/** One round for each protocol. Both HAProxies are new: how a process happens to lie in memory changes its speed. */
export async function compareOnce(
  stand: Stand,
  pair: Pair,
  { protocols, seconds, begins }: { protocols: readonly Protocol[]; seconds: number; begins: 'first' | 'second' },
): Promise<readonly Round[]> {
  const [first, second] = [
    await startMeasured(stand, pair[0], stand.seats[0]),
    await startMeasured(stand, pair[1], stand.seats[1]),
  ];
  const rounds: Round[] = [];
  for (const protocol of protocols) {
    const requests = await warmUp(stand, protocol, [first, second], seconds);
    const measure = (measured: Measured) => sample(stand, protocol, measured, requests);
    const [outer, inner] = begins === 'first' ? [first, second] : [second, first];
    const [a, b, c, d] = [await measure(outer), await measure(inner), await measure(inner), await measure(outer)];
    const [firsts, seconds_] =
      begins === 'first'
        ? ([
            [a, d],
            [b, c],
          ] as const)
        : ([
            [b, c],
            [a, d],
          ] as const);
    rounds.push({ first: firsts, second: seconds_, ratio: each(firsts) / each(seconds_) });
  }
  await Promise.all([first.stop(), second.stop()]);
  return rounds;
}

const each = (samples: readonly [Sample, Sample]): number => (samples[0].microseconds + samples[1].microseconds) / 2;

/** Returns how many requests the slower one serves in so many seconds. */
async function warmUp(stand: Stand, protocol: Protocol, both: readonly Measured[], seconds: number): Promise<number> {
  const ms = Math.round(Math.min(300, seconds * 500));
  let least = Number.POSITIVE_INFINITY;
  for (const { seat } of both) least = Math.min(least, await load(stand, loadCommand(protocol, seat, { ms })));
  return Math.max(100, Math.round((least / ms) * 1000 * seconds));
}

async function sample(stand: Stand, protocol: Protocol, measured: Measured, requests: number): Promise<Sample> {
  const before = await measured.used();
  const from = performance.now();
  await load(stand, loadCommand(protocol, measured.seat, { requests }));
  const wallMs = performance.now() - from;
  const after = await measured.used();

  const served = after.requests - before.requests;
  if (served !== requests) throw new Error(`HAProxy counted ${served} requests where h2load sent ${requests}`);
  const cpu = after.cpuMicroseconds - before.cpuMicroseconds;
  return { microseconds: cpu / served, requests: served, busy: cpu / 1000 / wallMs };
}

async function load({ launch, cores }: Stand, command: readonly string[]): Promise<number> {
  const { exited, output } = launch(pinned(cores?.load, command));
  const { code } = await exited;
  if (code !== 0)
    throw new Error(`${command[0]} failed (${code}); "sh scripts/setup.sh h2load" installs it.\n${output.join('\n')}`);
  return readAnswers(output.join('\n')).ok;
}
