import { pinned } from '../../measure/cpu';
import type { Configuration } from './configurations';
import { checkAnswers, type Protocol } from './load';
import { type Measured, startMeasured } from './measured';
import type { Stand } from './stand';

/** Which of the configurations, by their places in the list, get the same requests in turn. */
export type Contest = { readonly protocol: Protocol; readonly of: readonly number[] };

/** CPU a request in µs. Of the time that it took, `busy` is the share that the proxy ran, `waited` that others held its core. */
type Sample = {
  /** The place of the configuration in the list. */
  readonly of: number;
  readonly microseconds: number;
  readonly requests: number;
  readonly busy: number;
  readonly waited: number;
};

export type Round = {
  /** CPU a request, of each configuration; NaN where it took no part. */
  readonly microseconds: readonly number[];
  readonly samples: readonly Sample[];
};

/** Of one measurement; it should take --seconds. */
const patienceMs = 60_000;

/** One round for each contest. Every proxy is new: how a process happens to lie in memory changes its speed. */
export async function compareOnce(
  stand: Stand,
  configurations: readonly Configuration[],
  contests: readonly Contest[],
  seconds: number,
): Promise<readonly Round[]> {
  const all = await Promise.all(configurations.map((configuration) => startMeasured(stand, configuration)));
  const rounds: Round[] = [];
  for (const { protocol, of } of contests) {
    const entrants: Entrant[] = [];
    for (const place of of) {
      const measured = all[place] as Measured;
      entrants.push({ place, measured, requests: await warmUp(stand, protocol, measured, seconds) });
    }
    const samples: Sample[] = [];
    for (const { place, measured, requests } of inTurn(entrants))
      samples.push({ of: place, ...(await sample(stand, protocol, measured, requests)) });
    rounds.push({ microseconds: all.map((_, of) => mean(samples, of)), samples });
  }
  await Promise.all(all.map(({ stop }) => stop()));
  return rounds;
}

/** Each four times, in an order in which a slow or steady change affects all alike. */
function inTurn<Of>(forward: readonly Of[]): readonly Of[] {
  const backward = [...forward].reverse();
  return [...forward, ...backward, ...backward, ...forward];
}

/** All samples of one configuration have as many requests. */
function mean(samples: readonly Sample[], of: number): number {
  const own = samples.filter((each) => each.of === of);
  return own.reduce((sum, { microseconds }) => sum + microseconds, 0) / own.length;
}

type Entrant = { readonly place: number; readonly measured: Measured; readonly requests: number };

/** Returns how many requests it serves in so many seconds. */
async function warmUp(stand: Stand, { warm, least, command }: Protocol, { seat }: Measured, seconds: number) {
  const from = performance.now();
  await load(stand, command(seat, warm), warm);
  const perSecond = (warm * 1000) / (performance.now() - from);
  return Math.max(least, Math.round(perSecond * seconds));
}

async function sample(stand: Stand, protocol: Protocol, measured: Measured, requests: number) {
  const before = measured.cpu();
  const from = performance.now();
  await load(stand, protocol.command(measured.seat, requests), requests);
  const wallMicroseconds = (performance.now() - from) * 1000;
  const after = measured.cpu();

  const ran = after.microseconds - before.microseconds;
  const waited = after.waitedMicroseconds - before.waitedMicroseconds;
  return { microseconds: ran / requests, requests, busy: ran / wallMicroseconds, waited: waited / wallMicroseconds };
}

/** @throws when h2load did not get so many answers from the task */
export async function load({ launch, cores }: Stand, command: readonly string[], requests: number): Promise<void> {
  const { exited, output, kill } = launch(pinned(cores?.load, command));
  const late = setTimeout(() => kill('SIGKILL'), patienceMs);
  const { code, signal } = await exited;
  clearTimeout(late);
  const said = output.join('\n');
  if (signal === 'SIGKILL') throw new Error(`h2load did not end within ${patienceMs / 1000} s. Its output:\n${said}`);
  if (code !== 0)
    throw new Error(`h2load failed (${code}); "sh scripts/setup.sh h2load" installs it. Its output:\n${said}`);
  checkAnswers(said, requests);
}
