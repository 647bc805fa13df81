import type { Moment } from '../local/world';
import type { Facts, Spell } from './fate';
import type { Visit } from './visit';

export type Journal = ReturnType<typeof createJournal>;

/** After AWS's own delay the proxy has this long to notice a first task or a stop order: Lambda, sync and passed checks. */
const noticeMs = 2_000;

/** Keeps everything that was seen of one service since the start. */
export function createJournal(service: string, controlPlaneDelayMs: number) {
  const moments: Moment[] = [];
  const visits: Visit[] = [];
  const began = new Map<string, string[]>();
  const closed = new Map<string, number>();
  const reloads: number[] = [];
  const latestMs = controlPlaneDelayMs + noticeMs;

  return {
    moments,
    visits,
    /** When HAProxy was reloaded. */
    reloads,
    facts: (): Facts => ({
      empty: emptySpells(moments, latestMs),
      died: new Map(
        moments.flatMap(({ kind, task, at }) => (kind === 'task-died' && task ? [[task, at] as const] : [])),
      ),
      began,
      closed: new Map([...closed].filter((closing) => isUnannounced(closing, moments, latestMs))),
    }),
    addMoment: (moment: Moment) => {
      const { at, kind, task, text } = moment;
      const id = kind === 'output' ? /\bbegan (\S+)/.exec(text)?.[1] : undefined;
      if (id !== undefined && task !== undefined) began.set(id, [...(began.get(id) ?? []), task]);
      if (kind === 'haproxy' && text.startsWith('HAProxy reloaded')) reloads.push(at);
      if (moment.service !== service) return;
      if (kind !== 'output') moments.push(moment);
      else if (text === 'closed its door' && task !== undefined) closed.set(task, at);
    },
    addVisits: (more: readonly Visit[]) => void visits.push(...more),
  };
}

/** A stop order that the proxy could know keeps requests away from the task, so its closed port excuses nothing. */
const isUnannounced = ([task, at]: readonly [string, number], moments: readonly Moment[], latestMs: number): boolean =>
  moments.some((moment) => moment.kind === 'stop-ordered' && moment.task === task && at <= moment.at + latestMs);

/**
 * When no task of the service existed: from the stop order or the end of the last one until the proxy can know the next one. Tasks that
 * finish their last requests after the order do not count.
 */
function emptySpells(moments: readonly Moment[], latestMs: number): readonly Spell[] {
  const alive = new Set<string>();
  const spells: Spell[] = [];
  let open: Omit<Spell, 'until'> | undefined = { from: Number.NEGATIVE_INFINITY };

  for (const { kind, task, at } of moments) {
    if (task === undefined) continue;
    if (kind === 'task-running') {
      if (open !== undefined) spells.push({ ...open, until: at + latestMs });
      open = undefined;
      alive.add(task);
    }
    const left = ['stop-ordered', 'task-died', 'task-stopped'].includes(kind) && alive.delete(task);
    if (left && alive.size === 0) open = { from: at, ...(kind === 'task-died' && { sudden: true }) };
  }
  return open === undefined ? spells : [...spells, { ...open, until: Number.POSITIVE_INFINITY }];
}
