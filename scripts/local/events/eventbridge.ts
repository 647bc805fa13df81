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

/** What may happen to the next event that matches. At least once, in any order (AWS: ECS events, "Handling events"). */
export type EventFault = 'lost' | 'twice' | 'late';

type Deps = {
  readonly delayMs: number;
  readonly timers: Timers;
  readonly enqueue: (target: Target, body: string) => void;
};
type Bus = Deps & { readonly faults: EventFault[]; readonly held: (() => void)[]; state: 'on' | 'held' | 'lost' };

const lateMs = 3_000;

/** The default event bus with the packaged rules, and the Scheduler with the packaged schedules. */
export function eventBridge(rules: readonly Rule[], deps: Deps) {
  const bus: Bus = { ...deps, faults: [], held: [], state: 'on' };
  return {
    put: (event: Event): void => put(bus, rules, event),
    faults: { next: (fault: EventFault, times = 1) => void bus.faults.push(...Array<EventFault>(times).fill(fault)) },
    switch: (on: boolean, events: 'held' | 'lost'): void => {
      bus.state = on ? 'on' : events;
      if (on) for (const release of bus.held.splice(0)) release();
    },
    /** One tick by hand, of every schedule. A tick that falls into an outage is lost: ASSUMED, Scheduler may retry. */
    tick: (schedules: readonly Schedule[]): void => {
      // AWS: EventBridge Scheduler, context attributes.
      for (const { Target } of bus.state === 'on' ? schedules : [])
        bus.enqueue(Target, (Target.Input ?? '').replaceAll('<aws.scheduler.execution-id>', randomUUID()));
    },
  };
}

function put(bus: Bus, rules: readonly Rule[], event: Event): void {
  const time = `${new Date().toISOString().slice(0, 19)}Z`;
  const body = { version: '0', id: randomUUID(), account, region, time, ...event };
  const targets = rules.filter(({ EventPattern }) => matches(EventPattern, body)).flatMap(({ Targets }) => Targets);
  if (targets.length === 0) return;
  const fault = bus.faults.shift();
  if (fault === 'lost') return;
  const deliver = () => {
    for (const target of targets) bus.enqueue(target, JSON.stringify(body));
  };
  send(bus, deliver, fault === 'late' ? lateMs : bus.delayMs);
  if (fault === 'twice') send(bus, deliver, lateMs);
}

/** EventBridge tries for 24 hours (AWS: EventBridge, "Retrying events"); that it is in time by then is ASSUMED. */
const send = (bus: Bus, deliver: () => void, milliseconds: number): void =>
  bus.timers.after(milliseconds, () => {
    if (bus.state === 'on') deliver();
    if (bus.state === 'held') bus.held.push(() => send(bus, deliver, bus.delayMs));
  });

/** `rate(5 minutes)` in seconds. */
export function period(expression: string): number {
  const [, count, unit = ''] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression) ?? [];
  const seconds = { minute: 60, hour: 3600, day: 86_400 }[unit];
  return Number(count) * (seconds ?? fail(`the local world does not know the schedule ${expression}`));
}
