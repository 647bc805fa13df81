import { randomUUID } from 'node:crypto';
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

/** What may happen to the next event that matches. At least once, in any order (AWS: ECS events, "Handling events"). */
export type EventFault = 'lost' | 'twice' | 'late';

type Enqueue = (target: Target, body: string) => void;

const lateMs = 3_000;

/** The default event bus with the packaged rules, and the Scheduler with the packaged schedules. */
export function eventBridge(rules: readonly Rule[], delayMs: number, timers: Timers, enqueue: Enqueue) {
  const faults: EventFault[] = [];
  const held: (() => void)[] = [];
  let state: 'on' | 'held' | 'lost' = 'on';

  function put(event: Event): void {
    const body = {
      version: '0',
      id: randomUUID(),
      account,
      region,
      time: `${new Date().toISOString().slice(0, 19)}Z`,
      ...event,
    };
    const targets = rules.filter(({ EventPattern }) => matches(EventPattern, body)).flatMap(({ Targets }) => Targets);
    if (targets.length === 0) return;
    const fault = faults.shift();
    if (fault === 'lost') return;
    const deliver = () => {
      for (const target of targets) enqueue(target, JSON.stringify(body));
    };
    send(deliver, fault === 'late' ? lateMs : delayMs);
    if (fault === 'twice') send(deliver, lateMs);
  }

  /** EventBridge tries for 24 hours (AWS: EventBridge, "Retrying events"); that it is in time by then is ASSUMED. */
  const send = (deliver: () => void, milliseconds: number): void =>
    timers.after(milliseconds, () => {
      if (state === 'on') deliver();
      if (state === 'held') held.push(() => send(deliver, delayMs));
    });

  return {
    put,
    faults: { next: (fault: EventFault, times = 1) => void faults.push(...Array<EventFault>(times).fill(fault)) },
    switch(on: boolean, events: 'held' | 'lost'): void {
      state = on ? 'on' : events;
      if (on) for (const release of held.splice(0)) release();
    },
    /** One tick by hand, of every schedule. A tick that falls into an outage is lost: ASSUMED, Scheduler may retry. */
    tick(schedules: readonly Schedule[]): void {
      for (const { Target } of schedules) {
        // AWS: EventBridge Scheduler, context attributes.
        if (state === 'on')
          enqueue(Target, (Target.Input ?? '').replaceAll('<aws.scheduler.execution-id>', randomUUID()));
      }
    },
  };
}

/** `rate(5 minutes)` in seconds. */
export function period(expression: string): number {
  const [, count, unit = ''] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression) ?? [];
  const seconds = { minute: 60, hour: 3600, day: 86_400 }[unit];
  if (!seconds) throw new Error(`the local world does not know the schedule ${expression}`);
  return Number(count) * seconds;
}
