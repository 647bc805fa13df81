import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import type { World } from '../local/world';
import type { Certificate } from './certificate';
import { answered } from './fate';
import type { Journal } from './journal';
import type { Load } from './load';
import type { Narrator } from './narrator';
import type { PlayedStep } from './steps';
import { type Visit, visit } from './visit';

export type Step = {
  readonly name: string;
  /** How long it takes, about. */
  readonly seconds: number;
  readonly play: (stage: Stage) => Promise<void>;
};

export type Deps = Pick<Narrator, 'announce' | 'remark'> & {
  readonly world: World;
  readonly origin: string;
  readonly load: Load;
  readonly journal: Journal;
  readonly certificate: Certificate;
  readonly signal: AbortSignal;
};

/** What a step may do and see. Everything else happens by itself. */
export type Stage = ReturnType<typeof stageOf>;

export const service = 'hello-world';
/** Requests a second while the story lasts. */
export const perSecond = 200;
/** Nothing in the story takes longer, so the demo gives up then. */
const patienceMs = 30_000;

/** Plays the steps one after the other, and counts what each cost. */
export async function perform(story: readonly Step[], deps: Deps): Promise<readonly PlayedStep[]> {
  const stage = stageOf(deps);
  const played: PlayedStep[] = [];
  for (const [index, { name, play }] of story.entries()) {
    const from = Date.now();
    const secondsLeft = story.slice(index).reduce((sum, { seconds }) => sum + seconds, 0);
    deps.announce({ step: index + 1, of: story.length, name, at: from, secondsLeft });
    const before = { ...(await stage.haproxy()), ...stage.effort() };
    await abortable(play(stage), deps.signal);
    const after = { ...(await stage.haproxy()), ...stage.effort() };
    const [reloads, awsCalls] = [after.reloads - before.reloads, after.awsCalls - before.awsCalls];
    played.push({ name, from, reloads, samePid: after.pid === before.pid, awsCalls });
  }
  return played;
}

/** Rejects as soon as the signal aborts, whatever the promise does. */
export async function abortable<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  signal.throwIfAborted();
  let onAbort: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort);
  });
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener('abort', onAbort));
}

function stageOf({ world, origin, load, journal, certificate, remark, signal }: Deps) {
  const pause = (seconds: number) => sleep(seconds * 1000, undefined, { signal });
  /** @throws when it does not come to hold in 30 s; `what` says what was waited for. */
  const until = async (what: string, holds: () => Promise<boolean> | boolean): Promise<void> => {
    const deadline = Date.now() + patienceMs;
    while (!(await holds())) {
      if (Date.now() > deadline) throw new Error(`timed out after 30 s, waiting for ${what}`);
      await pause(0.1);
    }
  };
  /** One request of our own to the proxy. */
  const ask = (host?: string): Promise<Visit> =>
    visit(origin, { id: `asked-${host}`, kind: 'fresh', method: 'GET', path: '/', ...(host && { host }) }, new Agent());
  return {
    ...{ ecs: world.ecs, controlPlane: world.controlPlane, reconciles: world.reconciles },
    ...{ journal, certificate, remark, pause, until, ask },
    /** From now on half of the visitors come by HTTPS. */
    secure: load.secure,
    effort: countEffort(world),
    /** HAProxy's process, and how often it was reloaded. While it reloads, its master does not answer for a moment. */
    haproxy: async () => {
      const seen = { pid: 0, reloads: 0 };
      const look = async () =>
        Object.assign(seen, { pid: await world.proxy.pid(), reloads: await world.proxy.reloads() });
      await until('an answer of HAProxy’s master', () => look().then(Boolean, () => false));
      return seen;
    },
    /** Lets the visitors in, once the service answers at all. */
    open: async () => {
      await until(`an answer of ${service}`, async () => answered(await ask()));
      load.rate(perSecond);
    },
    /** Waits until ECS is steady and every running task has answered a request, and then so many seconds. */
    settled: async (seconds: number) => {
      await world.ecs.steady(service);
      await until('a request for each running task', () => haveAnswered(world, journal));
      await pause(seconds);
    },
  };
}

/** Counts events that reached the queue, full reads of ECS, and all calls of AWS's API. */
function countEffort({ calls, onMoment }: World) {
  let events = 0;
  onMoment(({ kind }) => {
    if (kind === 'event') events += 1;
  });
  return () => {
    const counts = calls();
    return {
      events,
      ecsReads: counts['ecs:ListTasks'] ?? 0,
      awsCalls: Object.values(counts).reduce((a, b) => a + b, 0),
    };
  };
}

function haveAnswered({ ecs }: World, { visits }: Journal): boolean {
  const seen = new Set(visits.flatMap((each) => (answered(each) ? [each.task] : [])));
  return runningTasks(ecs).every(({ id }) => seen.has(id));
}

export const runningTasks = (ecs: World['ecs'], of = service) =>
  ecs.tasks(of).filter(({ desiredStatus, lastStatus }) => desiredStatus === 'RUNNING' && lastStatus === 'RUNNING');
