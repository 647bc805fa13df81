import type { Moment } from '../local/world';
import type { Visit } from './visit';

/** Something a person wants to see. Notes with one `about` that come together are told in one line. */
export type Note = {
  readonly at: number;
  readonly source: 'ecs' | 'proxy' | 'aws' | 'ca' | 'load';
  readonly about: string;
  readonly task?: string;
  readonly ms?: number;
};

export type Follower = {
  readonly moment: (moment: Moment) => readonly Note[];
  readonly visits: (visits: readonly Visit[]) => readonly Note[];
  /** A task that was told to stop and has been left alone for a while has had its last request. */
  readonly quiet: (now: number) => readonly Note[];
};

/** At 200 requests a second a task that is still in use hears something every 100 ms. */
const quietMs = 1_500;

/** Watches one service: what ECS does with its tasks, and what their visitors notice of it. */
export function createFollower(service: string): Follower {
  const ran = new Map<string, number>();
  const ordered = new Map<string, number>();
  const lastRequest = new Map<string, number>();

  return {
    moment: (moment) => {
      const { kind, task, at, service: of } = moment;
      if (of !== undefined && of !== service && kind !== 'service') return [];
      if (task !== undefined && kind === 'task-running') ran.set(task, at);
      if (task !== undefined && kind === 'stop-ordered') ordered.set(task, at);
      return noteOf(moment, service);
    },
    visits: (visits) =>
      visits.flatMap(({ task, start, end }) => {
        if (task === undefined) return [];
        const isFirst = !lastRequest.has(task);
        lastRequest.set(task, Math.max(start, lastRequest.get(task) ?? start));
        const from = ran.get(task);
        if (!isFirst || from === undefined) return [];
        return [{ at: end, source: 'proxy', about: 'first request', task, ms: start - from }];
      }),
    quiet: (now) =>
      [...ordered].flatMap(([task, at]) => {
        const last = Math.max(at, lastRequest.get(task) ?? at);
        if (now - last < quietMs) return [];
        ordered.delete(task);
        return [{ at: now, source: 'proxy', about: 'last request', task, ms: last - at }];
      }),
  };
}

/** Which moments are shown; the others are steps between these, and would drown them. */
function noteOf({ kind, text, task, at, service: of, revision }: Moment, service: string): readonly Note[] {
  if (kind === 'service') return [{ at, source: 'ecs', about: text }];
  if (kind === 'host') return [{ at, source: 'ecs', about: text }];
  if (kind === 'control-plane') return [{ at, source: 'aws', about: text }];
  if (kind === 'haproxy') return [{ at, source: 'proxy', about: text }];
  if (task === undefined || of !== service) return [];
  if (kind === 'task-running') return [{ at, source: 'ecs', about: `runs version ${revision}`, task }];
  if (kind === 'stop-ordered') return [{ at, source: 'ecs', about: 'is told to stop', task }];
  if (kind === 'task-died') return [{ at, source: 'ecs', about: 'died without a word', task }];
  return [];
}

export type Line = { readonly at: number; readonly source: Note['source']; readonly text: string };

/** Tells notes of one kind in one line, in the order in which each kind came first. */
export function merge(notes: readonly Note[]): readonly Line[] {
  const kinds = new Map<string, Note[]>();
  for (const note of [...notes].sort((a, b) => a.at - b.at)) {
    kinds.set(note.about, [...(kinds.get(note.about) ?? []), note]);
  }
  return [...kinds.values()].flatMap((group) =>
    group[0] === undefined ? [] : [{ at: group[0].at, source: group[0].source, text: sentence(group[0].about, group) }],
  );
}

/** People tell tasks apart by a few characters. */
export const short = (task: string): string => task.slice(0, 4);

function sentence(about: string, notes: readonly Note[]): string {
  const names = notes.flatMap(({ task }) => (task === undefined ? [] : [short(task)])).join(' ');
  const several = notes.length > 1;
  const after = range(notes.flatMap(({ ms }) => (ms === undefined ? [] : [ms])));

  if (names === '') return about;
  if (about === 'first request') return `first request on ${names}: ${after} after ${several ? 'they' : 'it'} ran`;
  if (about === 'last request') return `last request on ${names}: ${after} after the order`;
  return several ? `tasks ${names} ${about.replace('runs', 'run').replace(/^is/, 'are')}` : `task ${names} ${about}`;
}

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

function range(values: readonly number[]): string {
  const [low, high] = [Math.min(...values), Math.max(...values)].map((ms) => (ms / 1000).toFixed(1));
  return low === high ? `${low} s` : `${low} to ${high} s`;
}
