import type { Moment } from '../../local/world';
import type { Progress } from '../steps';
import type { Line } from '../timeline';
import { crashMs, fleetOf, type Look } from './fleet';
import { createLoop } from './loop';
import { chartSeconds, createLoad } from './requests';

type Numbered = Line & { readonly n: number };
export type Sent = { readonly line: number; readonly second: number; readonly at: number };
type Mark = { readonly at: number; readonly text: string };

const mostLines = 60;
const words: Partial<Record<Moment['kind'], string>> = { haproxy: 'reload', 'task-died': 'killed', host: 'instance' };

/** Everything that the page shows, bounded whatever happens and for however long. */
export function createLive(startedAt: number) {
  const loop = createLoop();
  const load = createLoad();
  const died = new Map<string, { readonly at: number; readonly service: string }>();
  const marks = createMarks();
  let [lines, progress]: [Numbered[], Progress | undefined] = [[], undefined];
  return {
    moment: (moment: Moment): void => {
      const { kind, task, at, service = '', text } = moment;
      loop.moment(moment);
      if (kind === 'task-died' && task !== undefined) died.set(task, { at, service });
      for (const [id, death] of died) if (at - death.at > crashMs) died.delete(id);
      const word = kind === 'control-plane' ? text.replace(/^the (.*?),.*$/, '$1') : words[kind];
      if (word !== undefined) marks.add(at, word);
    },
    /** What reconcile has published. */
    published: loop.published,
    visits: load.visits,
    line: ({ at, source, text }: Line): void => {
      lines = [...lines, { n: (lines.at(-1)?.n ?? 0) + 1, at: at - startedAt, source, text }].slice(-mostLines);
    },
    step: (next: Progress): void => {
      progress = next;
      marks.add(next.at, next.name);
    },
    /** What came after this much was sent. */
    history: (sent: Sent) => ({
      points: load.points().filter(([second]) => second > sent.second),
      lines: lines.filter(({ n }) => n > sent.line),
      marks: marks.after(sent.at),
    }),
    now: (at: number, look: Look) => ({
      story: progress,
      loop: loop.stages(),
      load: load.totals(at),
      ...fleetOf(look, { at, died, rate: load.rate(at) }),
    }),
  };
}

export type Live = ReturnType<typeof createLive>;

/** The moments that the chart names. */
function createMarks() {
  let marks: Mark[] = [];
  return {
    add: (at: number, text: string): void => {
      const last = marks.at(-1);
      // What happens to six tasks at once is one mark.
      if (last?.text !== text || at - last.at > 1_000) marks.push({ at, text });
      marks = marks.filter((each) => at - each.at <= chartSeconds * 1_000).slice(-mostLines);
    },
    after: (sent: number): readonly Mark[] => marks.filter(({ at }) => at > sent),
  };
}
