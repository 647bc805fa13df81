import { endOf } from '../fate';
import type { Visit } from '../visit';

/** One second: when, and how many requests ended answered, with 503, and otherwise. */
export type Point = [at: number, answered: number, unavailable: number, lost: number];

export const chartSeconds = 60;
const columns = { answered: 1, unavailable: 2, lost: 3 } as const;

/** Counts requests by second and by task. */
export function createLoad() {
  const totals = { answered: 0, unavailable: 0, lost: 0 };
  let seconds: { readonly point: Point; readonly byTask: Map<string, number> }[] = [];
  const secondOf = (at: number) => {
    const newest = seconds.at(-1)?.point[0] ?? 0;
    if (at > newest)
      seconds = [...seconds, { point: [at, 0, 0, 0] as Point, byTask: new Map() }].slice(-chartSeconds - 1);
    return seconds.find(({ point }) => point[0] === at) ?? seconds.at(-1);
  };
  const count = (visit: Visit): void => {
    const end = endOf(visit);
    totals[end] += 1;
    const { point, byTask } = secondOf(Math.floor(visit.end / 1_000)) ?? {};
    if (point) point[columns[end]] += 1;
    if (visit.task !== undefined) byTask?.set(visit.task, (byTask.get(visit.task) ?? 0) + 1);
  };
  /** The last whole second, if it is not long ago. */
  const lately = (now: number) =>
    [...seconds].reverse().find(({ point: [at] }) => at < now / 1_000 - 1 && at > now / 1_000 - 4);
  return {
    visits: (visits: readonly Visit[]): void => {
      for (const visit of [...visits].sort((a, b) => a.end - b.end)) count(visit);
    },
    rate: (now: number) => (task: string) => lately(now)?.byTask.get(task) ?? 0,
    totals: (now: number) => {
      const [, ...ends] = lately(now)?.point ?? [0, 0, 0, 0];
      return { ...totals, perSecond: ends.reduce((a, b) => a + b, 0) };
    },
    /** Without the second that has not ended. */
    points: (): readonly Point[] => seconds.slice(0, -1).map(({ point }) => point),
  };
}
