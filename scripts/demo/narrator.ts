import type { Moment } from '../local/world';
import { createFollower, merge, type Note } from './follow';
import type { Journal } from './journal';
import { standingLine } from './report';
import { count } from './steps';
import type { Timeline } from './timeline';
import type { Visit } from './visit';

/** Tells the timeline what happens while it happens. */
export type Narrator = {
  readonly moment: (moment: Moment) => void;
  readonly visits: (visits: readonly Visit[]) => void;
  readonly announce: (step: string) => void;
  readonly remark: (text: string, source?: Note['source']) => void;
  /** Tells what has not been told yet, and no more. */
  readonly finish: () => void;
  readonly stop: () => void;
};

/** Notes wait so long for others of their kind: six tasks that start together are one line. */
const gatherMs = 600;

/** A request is judged when what excuses it has been heard too. */
const hearingMs = 1_000;

/** How often the load is told: in a pipe, where lines stay, less often. */
const statusMs = 1_000;
const pipeStatusMs = 5_000;

export function createNarrator(service: string, timeline: Timeline, journal: Journal): Narrator {
  const follower = createFollower(service);
  let pending: Note[] = [];

  const tell = () => {
    for (const line of merge(pending)) timeline.line(line);
    pending = [];
  };
  const telling = setInterval(() => {
    const now = Date.now();
    pending.push(...follower.quiet(now));
    if (pending.some(({ at }) => now - at >= gatherMs)) tell();
  }, 200);
  const standing = setInterval(
    () => {
      const about = standingOf(journal, Date.now());
      if (timeline.inPlace) timeline.status(about);
      else if (about !== '') pending.push({ at: Date.now(), source: 'load', about });
    },
    timeline.inPlace ? statusMs : pipeStatusMs,
  );

  const stop = () => {
    clearInterval(telling);
    clearInterval(standing);
    timeline.status('');
  };

  return {
    moment: (moment) => void pending.push(...follower.moment(moment)),
    visits: (visits) => void pending.push(...follower.visits(visits)),
    announce: (step) => {
      tell();
      timeline.heading(step);
    },
    remark: (about, source = 'load') => void pending.push({ at: Date.now(), source, about }),
    finish: () => {
      stop();
      tell();
    },
    stop,
  };
}

function standingOf({ visits, facts }: Journal, now: number): string {
  if (visits.length === 0) return '';
  const judged = visits.filter(({ end }) => end <= now - hearingMs);
  const recent = judged.filter(({ end }) => end > now - hearingMs - 2_000);
  return standingLine(count(judged, facts()), Math.round(recent.length / 2));
}
