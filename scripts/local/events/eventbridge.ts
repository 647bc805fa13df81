import { randomUUID } from 'node:crypto';

import { fail } from '../api/errors';
import type { Rule, Schedule, Target } from '../package/stack';
import { account, region } from '../package/template';
import type { Timers } from '../timers';
import { matches } from './pattern';

export type Event = {
  readonly source: string;
  readonly 'detail-type': string;
  readonly resources: readonly string[];
  readonly detail: unknown;
};
type Deps = {
  readonly delayMs: number;
  readonly timers: Timers;
  readonly enqueue: (target: Target, body: string) => void;
};

/** The default event bus with the packaged rules, and the Scheduler with the packaged schedules. */
export function eventBridge(rules: readonly Rule[], { delayMs, timers, enqueue }: Deps) {
  const held: (() => void)[] = [];
  let state: 'on' | 'held' | 'lost' = 'on';
  /** EventBridge tries for 24 hours (AWS: EventBridge, "Retrying events"); that it is in time by then is ASSUMED. */
  const send = (deliver: () => void): void =>
    timers.after(delayMs, () => {
      if (state === 'on') deliver();
      if (state === 'held') held.push(() => send(deliver));
    });
  return {
    put: (event: Event): void => {
      const time = `${new Date().toISOString().slice(0, 19)}Z`;
      const body = { version: '0', id: randomUUID(), account, region, time, ...event };
      const targets = rules.filter(({ EventPattern }) => matches(EventPattern, body)).flatMap(({ Targets }) => Targets);
      for (const target of targets) send(() => enqueue(target, JSON.stringify(body)));
    },
    switch: (on: boolean, events: 'held' | 'lost'): void => {
      state = on ? 'on' : events;
      if (on) for (const release of held.splice(0)) release();
    },
    /** Ticks these schedules once. ASSUMED: a tick during an outage is lost, though the Scheduler may retry. */
    tick: (schedules: readonly Schedule[]): void => {
      // AWS: EventBridge Scheduler, context attributes.
      for (const { Target } of state === 'on' ? schedules : [])
        enqueue(Target, (Target.Input ?? '').replaceAll('<aws.scheduler.execution-id>', randomUUID()));
    },
  };
}

/** `rate(5 minutes)` in seconds. */
export function period(expression: string): number {
  const [, count, unit = ''] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression) ?? [];
  const seconds = { minute: 60, hour: 3600, day: 86_400 }[unit];
  return Number(count) * (seconds ?? fail(`the local world does not know the schedule ${expression}`));
}
