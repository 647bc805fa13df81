import type { Moment } from '../local/world';
import { type Facts, factsOf, type Said } from './measure';
import type { Visit } from './visit';

/** Everything that was seen since the start, kept for measuring. */
export type Journal = {
  readonly moments: readonly Moment[];
  readonly visits: readonly Visit[];
  readonly began: Said['began'];
  readonly facts: () => Facts;
  readonly addMoment: (moment: Moment) => void;
  readonly addVisits: (visits: readonly Visit[]) => void;
};

/** The moments of one service; what its tasks print is read and dropped, for there is a line of it per request. */
export function createJournal(service: string, controlPlaneDelayMs: number): Journal {
  const moments: Moment[] = [];
  const visits: Visit[] = [];
  const began = new Map<string, string[]>();
  const closed = new Map<string, number>();

  return {
    moments,
    visits,
    began,
    facts: () => factsOf(moments, { began, closed }, service, controlPlaneDelayMs),
    addMoment: (moment) => {
      const { at, kind, task, text } = moment;
      const id = kind === 'output' ? begunRequest(text) : undefined;
      if (id !== undefined && task !== undefined) began.set(id, [...(began.get(id) ?? []), task]);
      if (moment.service !== service) return;
      if (kind !== 'output') moments.push(moment);
      else if (text === 'closed its door' && task !== undefined) closed.set(task, at);
    },
    addVisits: (more) => void visits.push(...more),
  };
}

/** The id in a line such as `began r1207`. */
const begunRequest = (text: string): string | undefined => /\bbegan (\S+)/.exec(text)?.[1];
