import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { newAgenda, second } from './agenda';
import { spotWarning, taskEvent } from './answers';
import { type Instance, newCluster, type Task } from './cluster';
import { newFunction } from './function';
import { newLaws } from './laws';
import { newProxy } from './proxy';
import { newQueue } from './queue';
import type { Pace } from './scheduler';
import { newStore } from './store';
import { type Delivery, newSyncs } from './syncs';

/** What a history sets once. */
export type Circumstances = {
  readonly pace: Pace;
  /** Per event, in turn: the seconds after which it arrives, each time it does. */
  readonly events: readonly (readonly number[])[];
  readonly nudges: readonly Delivery[];
};

export type World = ReturnType<typeof newWorld>;

const tickEvery = 300 * second;
const template = readFileSync(join(__dirname, '../../resources/events.yml'), 'utf8');
const visibility = Number(/VisibilityTimeout: (\d+)/.exec(template)?.[1]);

/** ECS, the queue, the function, Parameter Store and the proxy, with one clock. */
export function newWorld({ pace, events, nudges }: Circumstances) {
  const agenda = newAgenda(() => {
    proxy.check();
    laws.moment();
  });
  const sent = { events: 0, nudges: 0, ticks: 0, last: [] as string[] };
  /** Faults are over, and everything arrives at once. */
  const weather = { calm: false, ticking: true, forgetful: false };
  const deliver = (body: string): void => {
    if (/Task State Change/.test(body)) sent.last = [body];
    const delays = weather.calm ? [0] : (events[sent.events++ % events.length] ?? [0]);
    for (const delay of delays) agenda.in(delay * second, () => queue.send(body));
  };
  const store = newStore();
  const cluster = newCluster(agenda, (task: Task) => {
    if (task.lastStatus === 'RUNNING' || task.desiredStatus === 'STOPPED') deliver(taskEvent(task, agenda.now));
  });
  const proxy = newProxy(agenda, cluster.answering);
  const laws = newLaws({ agenda, cluster, store, proxy });
  const syncs = newSyncs(agenda, proxy, {
    newest: () => ({ number: store.number(), files: store.generation(store.number()).files }),
    eachStep: laws.moment,
    applied: laws.applied,
  });
  const reconciler = newFunction(
    {
      agenda,
      cluster,
      store,
      nudged: () => {
        const delivery = nudges[sent.nudges++ % nudges.length];
        syncs.order(weather.calm || delivery === undefined ? { delays: [2] } : delivery);
      },
    },
    visibility,
  );
  const queue = newQueue(agenda, async (messages) => {
    const before = store.number();
    if (weather.forgetful) reconciler.forget();
    const run = await reconciler.run(messages);
    laws.published(run, before);
    return run;
  });
  const tick = (): void => {
    if (weather.ticking) queue.send(`{"source":"sluice.tick","id":"${++sent.ticks}"}`);
    agenda.in(tickEvery, tick);
  };
  agenda.in(tickEvery / 2, tick);

  return {
    agenda,
    cluster,
    store,
    proxy,
    queue,
    reconciler,
    pace,
    sent,
    weather,
    /** Every fourth history also looks whether nothing follows from nothing; that takes four runs more. */
    thorough: events.length % 4 === 0,
    /** Something may arrive hours after it happened. */
    late: events.flat().some((delay) => delay > 300),
    warn: (instance: Instance): void => deliver(spotWarning(instance, agenda.now)),
  };
}
