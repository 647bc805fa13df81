import { setTimeout as sleep } from 'node:timers/promises';

import type { World } from '../local/world';
import type { Journal } from './journal';
import { firstAnswer, type Load } from './load';
import { answered } from './measure';
import type { PlayedStep } from './steps';
import { type Stage, type Step, service } from './story';

/** What the story is played with. */
export type Theatre = {
  readonly world: World;
  readonly origin: string;
  readonly load: Load;
  readonly journal: Journal;
  readonly announce: (step: string) => void;
  readonly remark: (text: string) => void;
  readonly signal: AbortSignal;
};

/** Requests a second while the story lasts. */
export const perSecond = 200;

/** A new task that nobody reaches for so long never will be: the demo says so instead of waiting. */
const patienceMs = 30_000;

/** Plays the steps one after the other, and notes for each what it cost. */
export async function perform(story: readonly Step[], theatre: Theatre): Promise<readonly PlayedStep[]> {
  const stage = stageOf(theatre);
  const played: PlayedStep[] = [];
  for (const step of story) {
    theatre.announce(step.name);
    const from = Date.now();
    const before = await gauge(theatre.world);
    await abortable(step.play(stage), theatre.signal);
    const after = await gauge(theatre.world);
    played.push({
      name: step.name,
      from,
      reloads: after.reloads - before.reloads,
      samePid: after.pid === before.pid,
      awsCalls: after.calls - before.calls,
    });
  }
  return played;
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

async function gauge(world: World): Promise<{ pid: number; reloads: number; calls: number }> {
  const [pid, reloads] = await Promise.all([world.proxy.pid(), world.proxy.reloads()]);
  return { pid, reloads, calls: Object.values(world.calls()).reduce((sum, count) => sum + count, 0) };
}

function stageOf({ world, origin, load, journal, remark, signal }: Theatre): Stage {
  const pause = (seconds: number) => sleep(seconds * 1000, undefined, { signal });
  return {
    ecs: world.ecs,
    controlPlane: world.controlPlane,
    pause,
    remark,
    served: () => journal.visits.filter(answered).length,
    open: async () => {
      await firstAnswer(origin, AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]));
      load.rate(perSecond);
    },
    settled: async () => {
      await world.ecs.steady(service);
      const deadline = Date.now() + patienceMs;
      for (let ignored = unheard(world, journal); ignored.length > 0; ignored = unheard(world, journal)) {
        if (Date.now() > deadline) throw new Error(`task ${ignored[0]} has run for 30 s and nobody was sent to it`);
        await pause(0.2);
      }
    },
  };
}

/** Running tasks that have answered nobody yet. */
function unheard({ ecs }: World, { visits }: Journal): readonly string[] {
  const heard = new Set(visits.flatMap((visit) => (visit.task !== undefined && answered(visit) ? [visit.task] : [])));
  return ecs
    .tasks(service)
    .filter(({ desiredStatus, lastStatus }) => desiredStatus === 'RUNNING' && lastStatus === 'RUNNING')
    .map(({ id }) => id)
    .filter((id) => !heard.has(id));
}
