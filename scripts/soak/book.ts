import type { Happening } from './happenings';
import type { Batch, Ended, Kind } from './requests';

/** How a generation reached the proxy. */
export const deliveries = {
  'one command': 58,
  'a command for the newest': 8,
  'an old command after it': 9,
  'the same command again': 8,
  'two syncs at once': 8,
  'a sync killed in the middle': 9,
} as const;
export type Delivery = keyof typeof deliveries;

export type Reload = { readonly at: number; readonly why: readonly Happening[] };

export type Book = ReturnType<typeof newBook>;

/** What the soak notes while it runs. */
export function newBook() {
  const broken = new Set<string>();
  const failed: Ended[] = [];
  const served = new Map<Kind, [number, number]>();
  const youngest = new Map<string, number>();
  const state = { sent: 0, underWay: 0 };
  return {
    /** What should hold and did not, in words; each is noted once. */
    broken,
    /** HAProxy's log of requests whose task ended before it had answered. */
    endedByTask: [] as string[],
    breaks: (...laws: readonly string[]): void => {
      for (const law of laws) broken.add(law);
    },
    failed,
    served,
    /** By task: when the youngest of the requests that it answered began. */
    youngest,
    state,
    changes: new Map<Happening, number>(),
    deliveries: new Map<Delivery, number>(),
    reloads: [] as Reload[],
    syncMs: [] as number[],
    checks: { generations: 0, routes: 0, handshakes: 0 },
    add: (batch: Batch): void => {
      Object.assign(state, { sent: batch.sent, underWay: batch.underWay });
      failed.push(...batch.failed);
      for (const [kind, [plain, secure]] of Object.entries(batch.served) as [Kind, [number, number]][]) {
        const [before, beforeSecure] = served.get(kind) ?? [0, 0];
        served.set(kind, [before + plain, beforeSecure + secure]);
      }
      for (const [task, at] of Object.entries(batch.youngest))
        youngest.set(task, Math.max(youngest.get(task) ?? 0, at));
    },
  };
}

export function count<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
