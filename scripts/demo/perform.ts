import { type Stage, type Step, stageOf, type Theatre } from './stage';
import type { PlayedStep } from './steps';

/** Plays the steps one after the other, and notes for each what it cost. */
export async function perform(story: readonly Step[], theatre: Theatre): Promise<readonly PlayedStep[]> {
  const stage = stageOf(theatre);
  const played: PlayedStep[] = [];
  for (const step of story) {
    theatre.announce(step.name);
    const from = Date.now();
    const before = await gauge(stage);
    await abortable(step.play(stage), theatre.signal);
    played.push({ name: step.name, from, ...cost(before, await gauge(stage)) });
  }
  return played;
}

export type Gauge = Awaited<ReturnType<typeof gauge>>;

async function gauge({ effort, gauge, rescues }: Stage) {
  const [process, rescued] = await Promise.all([gauge(), rescues()]);
  return { ...process, ...rescued, ...effort() };
}

/** A new process has counted from zero: what the one before it did in this step is not known then. */
export function cost(before: Gauge, after: Gauge): Omit<PlayedStep, 'name' | 'from'> {
  const samePid = after.pid === before.pid;
  return {
    reloads: after.reloads - before.reloads,
    samePid,
    awsCalls: after.awsCalls - before.awsCalls,
    ecsReads: after.ecsReads - before.ecsReads,
    events: after.events - before.events,
    retries: after.retries - (samePid ? before.retries : 0),
    redispatches: after.redispatches - (samePid ? before.redispatches : 0),
  };
}

/** Rejects as soon as the signal says so, whatever the promise does. */
export async function abortable<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  signal.throwIfAborted();
  let give: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    give = () => reject(signal.reason);
    signal.addEventListener('abort', give);
  });
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener('abort', give));
}
