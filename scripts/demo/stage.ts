import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import type { World } from '../local/world';
import type { Certificate } from './certificate';
import type { Note } from './follow';
import type { Journal } from './journal';
import { firstAnswer, type Load } from './load';
import { answered } from './measure';
import { type Rescues, rescues } from './statistics';
import { type Visit, visit } from './visit';

/** What a step may do and see. Everything else happens by itself. */
export type Stage = Pick<World, 'ecs' | 'controlPlane' | 'reconciles'> & {
  /** Lets the visitors in, once the service answers at all. */
  readonly open: () => Promise<void>;
  /** ECS is steady, and every running task has answered somebody. */
  readonly settled: () => Promise<void>;
  readonly pause: (seconds: number) => Promise<void>;
  /** @throws when it does not come to hold in 30 s; `what` says what was waited for. */
  readonly until: (what: string, holds: () => Promise<boolean> | boolean) => Promise<void>;
  /** One request of our own to the proxy, for a host. */
  readonly ask: (host: string) => Promise<Visit>;
  readonly certificate: Certificate;
  /** Lets half of the visitors come by HTTPS from now on. */
  readonly secure: Load['secure'];
  /** HAProxy's process, and how often it was reloaded. */
  readonly gauge: () => Promise<Gauge>;
  readonly journal: Pick<Journal, 'visits' | 'moments'>;
  readonly effort: () => Effort;
  readonly rescues: () => Promise<Rescues>;
  readonly remark: (text: string, source?: Note['source']) => void;
};

/** What was done so far: events that reached the queue, full reads of ECS, and all calls of AWS's API. */
export type Effort = { readonly events: number; readonly ecsReads: number; readonly awsCalls: number };

export type Step = { readonly name: string; readonly play: (stage: Stage) => Promise<void> };

type Gauge = { readonly pid: number; readonly reloads: number };

export const service = 'hello-world';

/** What the story is played with. */
export type Theatre = {
  readonly world: World;
  readonly origin: string;
  readonly load: Load;
  readonly journal: Journal;
  readonly certificate: Certificate;
  readonly announce: (step: string) => void;
  readonly remark: Stage['remark'];
  readonly signal: AbortSignal;
};

/** Requests a second while the story lasts. */
export const perSecond = 200;

/** What has not come about by then never will: the demo says so instead of waiting. */
const patienceMs = 30_000;

export function stageOf({ world, origin, load, journal, certificate, remark, signal }: Theatre): Stage {
  const pause = (seconds: number) => sleep(seconds * 1000, undefined, { signal });
  const until: Stage['until'] = async (what, holds) => {
    const deadline = Date.now() + patienceMs;
    while (!(await holds())) {
      if (Date.now() > deadline) throw new Error(`waited 30 s in vain: ${what}`);
      await pause(0.1);
    }
  };
  return {
    ecs: world.ecs,
    controlPlane: world.controlPlane,
    reconciles: world.reconciles,
    journal,
    certificate,
    secure: load.secure,
    gauge: () => gauge(world, pause),
    pause,
    until,
    remark,
    effort: countEffort(world),
    rescues: () => rescues(world.proxy.statistics, service),
    ask: (host) => visit(origin, { id: `asked-${host}`, kind: 'fresh', method: 'GET', path: '/', host }, new Agent()),
    open: async () => {
      await firstAnswer(origin, AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]));
      load.rate(perSecond);
    },
    settled: async () => {
      await world.ecs.steady(service);
      await until('a request for each running task', () => unheard(world, journal).length === 0);
    },
  };
}

/** While it reloads, HAProxy's master answers nobody for a moment. */
async function gauge({ proxy }: World, pause: Stage['pause']): Promise<Gauge> {
  for (let tries = 1; ; tries += 1) {
    try {
      return { pid: await proxy.pid(), reloads: await proxy.reloads() };
    } catch (error) {
      if (tries === 50) throw error;
      await pause(0.1);
    }
  }
}

function countEffort({ calls, onMoment }: World): () => Effort {
  let events = 0;
  onMoment(({ kind }) => {
    if (kind === 'event') events += 1;
  });
  return () => {
    const { 'ecs:ListTasks': ecsReads = 0, ...others } = calls();
    return { events, ecsReads, awsCalls: Object.values(others).reduce((sum, count) => sum + count, ecsReads) };
  };
}

/** Running tasks that have answered nobody yet. */
function unheard({ ecs }: World, { visits }: Journal): readonly string[] {
  const heard = new Set(visits.flatMap((each) => (each.task !== undefined && answered(each) ? [each.task] : [])));
  return runningTasks(ecs)
    .map(({ id }) => id)
    .filter((id) => !heard.has(id));
}

export const runningTasks = (ecs: Stage['ecs'], of = service) =>
  ecs.tasks(of).filter(({ desiredStatus, lastStatus }) => desiredStatus === 'RUNNING' && lastStatus === 'RUNNING');
