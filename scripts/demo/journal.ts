import type { Moment } from '../local/world';
import { type Facts, factsOf } from './measure';
import type { Visit } from './visit';

/** Everything that was seen since the start, kept for measuring. */
export type Journal = {
  readonly moments: readonly Moment[];
  readonly visits: readonly Visit[];
  readonly began: Facts['began'];
  readonly facts: () => Facts;
  readonly addMoment: (moment: Moment) => void;
  readonly addVisits: (visits: readonly Visit[]) => void;
};

/** The moments of one service; what its tasks print is read and dropped, for there is a line of it per request. */
export function createJournal(service: string, controlPlaneDelayMs: number): Journal {
  const moments: Moment[] = [];
  const visits: Visit[] = [];
  const began = new Map<string, string[]>();

  return {
    moments,
    visits,
    began,
    facts: () => factsOf(moments, began, service, controlPlaneDelayMs),
    addMoment: (moment) => {
      const id = moment.kind === 'output' ? begunRequest(moment.text) : undefined;
      if (id !== undefined && moment.task !== undefined) began.set(id, [...(began.get(id) ?? []), moment.task]);
      if (moment.kind !== 'output' && moment.service === service) moments.push(moment);
    },
    addVisits: (more) => void visits.push(...more),
  };
}

/** The id in a line such as `began r1207`. */
const begunRequest = (text: string): string | undefined => /\bbegan (\S+)/.exec(text)?.[1];
