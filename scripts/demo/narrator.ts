import type { Moment } from '../local/world';
import type { Journal } from './journal';
import { standingLine } from './report';
import { count, type Progress, progressLine } from './steps';
import { type Line, short, type Timeline } from './timeline';
import type { Visit } from './visit';

/** Something to show. Notes with the same `about` that come together share a line. */
type Note = {
  readonly at: number;
  readonly source: Line['source'];
  readonly about: string;
  readonly task?: string;
  readonly ms?: number;
};

export type Narrator = ReturnType<typeof createNarrator>;

/** Notes wait so long for others of their kind: six tasks that start together are one line. */
const gatherMs = 600;
/** A request is judged when the facts that may excuse it have arrived too. */
const judgeAfterMs = 1_000;
/** How often the load is reported: in a pipe, where lines stay, less often. */
const statusMs = 1_000;
const pipeStatusMs = 5_000;

/** Writes to the timeline what happens while it happens; with a journal, how the visitors fare too. */
export function createNarrator(service: string, timeline: Timeline, journal?: Journal) {
  const follower = createFollower(service);
  const pending: Note[] = [];
  let place = '';
  const note = (...notes: readonly Note[]) => void pending.push(...notes);
  const flush = () => {
    for (const line of merge(pending.splice(0))) timeline.line(line);
  };
  const gather = () => {
    const now = Date.now();
    note(...follower.quiet(now));
    if (pending.some(({ at }) => now - at >= gatherMs)) flush();
  };
  const reportLoad = () => {
    const about = journal ? standingOf(journal, Date.now()) : '';
    if (timeline.inPlace) timeline.status(about && place + about);
    else if (about !== '') note({ at: Date.now(), source: 'load', about });
  };
  const timers = [setInterval(gather, 200), setInterval(reportLoad, timeline.inPlace ? statusMs : pipeStatusMs)];
  const stop = () => {
    timers.forEach(clearInterval);
    timeline.status('');
  };
  return {
    moment: (moment: Moment) => note(...follower.moment(moment)),
    visits: (visits: readonly Visit[]) => note(...follower.visits(visits)),
    announce: (progress: Progress) => {
      flush();
      place = `step ${progress.step}/${progress.of} · `;
      timeline.heading(progressLine(progress));
    },
    remark: (about: string, source: Note['source'] = 'load') => note({ at: Date.now(), source, about }),
    /** Writes the notes that still wait, then stops. */
    finish: () => {
      stop();
      flush();
    },
    stop,
  };
}

function standingOf({ visits, facts }: Journal, now: number): string {
  if (visits.length === 0) return '';
  const judged = visits.filter(({ end }) => end <= now - judgeAfterMs);
  const recent = judged.filter(({ end }) => end > now - judgeAfterMs - 2_000);
  return standingLine(count(judged, facts()), Math.round(recent.length / 2));
}

/** At 200 requests a second a task in use gets one every 100 ms, so after this time it has had its last. */
const quietMs = 1_500;

/** Follows one service: what ECS does with its tasks, and when each got its first and its last request. */
export function createFollower(service: string) {
  const ran = new Map<string, number>();
  const ordered = new Map<string, number>();
  const lastRequest = new Map<string, number>();

  return {
    moment: (moment: Moment): readonly Note[] => {
      const { kind, task, at, service: of } = moment;
      if (of !== undefined && of !== service && kind !== 'service') return [];
      if (task !== undefined && kind === 'task-running') ran.set(task, at);
      if (task !== undefined && kind === 'stop-ordered') ordered.set(task, at);
      if (task !== undefined && kind === 'task-stopped') {
        ran.delete(task);
        if (!ordered.has(task)) lastRequest.delete(task);
      }
      return noteOf(moment, service);
    },
    visits: (visits: readonly Visit[]): readonly Note[] =>
      visits.flatMap(({ task, start, end }) => {
        if (task === undefined) return [];
        const isFirst = !lastRequest.has(task);
        lastRequest.set(task, Math.max(start, lastRequest.get(task) ?? start));
        const from = ran.get(task);
        if (!isFirst || from === undefined) return [];
        return [{ at: end, source: 'proxy', about: 'first request', task, ms: start - from }];
      }),
    quiet: (now: number): readonly Note[] =>
      [...ordered].flatMap(([task, at]) => {
        const last = Math.max(at, lastRequest.get(task) ?? at);
        if (now - last < quietMs) return [];
        ordered.delete(task);
        if (!ran.has(task)) lastRequest.delete(task);
        return [{ at: now, source: 'proxy', about: 'last request', task, ms: last - at }];
      }),
  };
}

const sources: Partial<Record<Moment['kind'], Note['source']>> = {
  ...{ service: 'ecs', host: 'ecs', 'control-plane': 'aws', haproxy: 'proxy' },
};

/** Only the moments that a viewer needs: the steps between them would hide them. */
function noteOf({ kind, text, task, at, service: of, revision }: Moment, service: string): readonly Note[] {
  const source = sources[kind];
  if (source !== undefined) return [{ at, source, about: text }];
  if (task === undefined || of !== service) return [];
  if (kind === 'task-running') return [{ at, source: 'ecs', about: `started version ${revision}`, task }];
  if (kind === 'stop-ordered') return [{ at, source: 'ecs', about: 'got a stop order', task }];
  if (kind === 'task-died') return [{ at, source: 'ecs', about: 'was killed', task }];
  return [];
}

/** One line for each `about`, in the order in which each came first. */
export function merge(notes: readonly Note[]): readonly Line[] {
  const groups = new Map<string, [Note, ...Note[]]>();
  for (const note of [...notes].sort((a, b) => a.at - b.at)) {
    const group = groups.get(note.about);
    if (group === undefined) groups.set(note.about, [note]);
    else group.push(note);
  }
  return [...groups.values()].map((group) => ({ at: group[0].at, source: group[0].source, text: sentence(group) }));
}

function sentence(notes: readonly [Note, ...Note[]]): string {
  const { about } = notes[0];
  const names = notes.flatMap(({ task }) => (task === undefined ? [] : [short(task)])).join(' ');
  const several = notes.length > 1;
  if (names === '') return about;
  const after = range(notes.map(({ ms = 0 }) => ms));
  if (about === 'first request') return `first request to ${names}: ${after} after ${several ? 'they' : 'it'} started`;
  if (about === 'last request') return `last request to ${names}: ${after} after the stop order`;
  return several ? `tasks ${names} ${about.replace(/^was/, 'were')}` : `task ${names} ${about}`;
}

function range(values: readonly number[]): string {
  const [low, high] = [Math.min(...values), Math.max(...values)].map((ms) => (ms / 1000).toFixed(1));
  return low === high ? `${low} s` : `${low} to ${high} s`;
}
