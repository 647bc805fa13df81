import { pinned } from '../../measure/cpu';
import type { Configuration } from './configurations';
import { checkAnswers, loadCommand, type Protocol } from './load';
import { type Measured, startMeasured } from './measured';
import type { Seat, Stand } from './stand';

/** CPU a request in µs. Of the time that it took, `busy` is the share that HAProxy ran, `waited` that others held its core. */
type Sample = {
  /** The place of the configuration in its list. */
  readonly of: number;
  readonly microseconds: number;
  readonly requests: number;
  readonly busy: number;
  readonly waited: number;
};

export type Round = {
  /** CPU a request, of each configuration. */
  readonly microseconds: readonly number[];
  readonly samples: readonly Sample[];
};

/** Requests that go before the measurement. */
const warm = 2_000;
/** Of one measurement, however short --seconds is. */
const least = 1_000;
/** Of one measurement; it should take --seconds. */
const patienceMs = 60_000;

/** One round for each protocol. Every HAProxy is new: how a process happens to lie in memory changes its speed. */
export async function compareOnce(
  stand: Stand,
  configurations: readonly Configuration[],
  protocols: readonly Protocol[],
  seconds: number,
): Promise<readonly Round[]> {
  const all: Measured[] = [];
  for (const configuration of configurations) all.push(await startMeasured(stand, configuration));
  const rounds: Round[] = [];
  for (const protocol of protocols) {
    const requests = await warmUp(stand, protocol, all, seconds);
    const samples: Sample[] = [];
    for (const [of, measured] of inTurn(all))
      samples.push({ of, ...(await sample(stand, protocol, measured, requests)) });
    rounds.push({ microseconds: all.map((_, of) => mean(samples, of)), samples });
  }
  await Promise.all(all.map(({ stop }) => stop()));
  return rounds;
}

/** Each four times, in an order in which a slow or steady change affects all alike. */
function inTurn(all: readonly Measured[]): readonly (readonly [of: number, measured: Measured])[] {
  const forward = [...all.entries()];
  const backward = [...forward].reverse();
  return [...forward, ...backward, ...backward, ...forward];
}

/** All samples have as many requests. */
function mean(samples: readonly Sample[], of: number): number {
  const own = samples.filter((each) => each.of === of);
  return own.reduce((sum, { microseconds }) => sum + microseconds, 0) / own.length;
}

/** Returns how many requests the slowest one serves in so many seconds. */
async function warmUp(stand: Stand, protocol: Protocol, all: readonly Measured[], seconds: number): Promise<number> {
  let perSecond = Number.POSITIVE_INFINITY;
  for (const { seat } of all) {
    const from = performance.now();
    await load(stand, protocol, seat, warm);
    perSecond = Math.min(perSecond, (warm * 1000) / (performance.now() - from));
  }
  return Math.max(least, Math.round(perSecond * seconds));
}

async function sample(stand: Stand, protocol: Protocol, measured: Measured, requests: number) {
  const before = await measured.used();
  const from = performance.now();
  await load(stand, protocol, measured.seat, requests);
  const wallMicroseconds = (performance.now() - from) * 1000;
  const after = await measured.used();

  const served = after.requests - before.requests;
  if (served !== requests) throw new Error(`HAProxy counted ${served} requests where h2load sent ${requests}`);
  const ran = after.cpu.microseconds - before.cpu.microseconds;
  const waited = after.cpu.waitedMicroseconds - before.cpu.waitedMicroseconds;
  return { microseconds: ran / served, requests, busy: ran / wallMicroseconds, waited: waited / wallMicroseconds };
}

async function load({ launch, cores }: Stand, protocol: Protocol, seat: Seat, requests: number): Promise<void> {
  const { exited, output, kill } = launch(pinned(cores?.load, loadCommand(protocol, seat, requests)));
  const late = setTimeout(() => kill('SIGKILL'), patienceMs);
  const { code, signal } = await exited;
  clearTimeout(late);
  const said = output.join('\n');
  if (signal === 'SIGKILL') throw new Error(`h2load did not end within ${patienceMs / 1000} s. Its output:\n${said}`);
  if (code !== 0)
    throw new Error(`h2load failed (${code}); "sh scripts/setup.sh h2load" installs it. Its output:\n${said}`);
  checkAnswers(said, requests);
}
