import { setTimeout as sleep } from 'node:timers/promises';
import type { Instance } from '../proxy/instance';
import type { SyncEnd } from '../proxy/syncs';
import { type Book, count, type Delivery, deliveries } from './book';
import { drawn, type Random } from './random';

type Deps = { readonly proxy: Instance; readonly random: Random; readonly book: Book };

/** Carries a generation to the proxy in one of the ways that Run Command may. Returns the way, and notes what was wrong. */
export async function deliver(deps: Deps, number: number): Promise<Delivery> {
  const way = drawn(deps.random, deliveries);
  deps.book.breaks(...(await carryBy(way, deps, number)));
  count(deps.book.deliveries, way);
  return way;
}

async function carryBy(way: Delivery, { proxy, random }: Deps, number: number): Promise<readonly string[]> {
  const run = async (asked: number) => ({ asked, end: await proxy.startSync(asked).ended });
  switch (way) {
    case 'one command':
      return ended(await run(number));
    case 'a command for the newest':
      return ended(await run(0));
    case 'an old command after it':
      return [...ended(await run(number)), ...idle(await run(Math.max(1, number - random.between(1, 30))))];
    case 'the same command again':
      return [...ended(await run(number)), ...idle(await run(number))];
    case 'two syncs at once':
      return (await Promise.all([run(number), run(number)])).flatMap(ended);
    case 'a sync killed in the middle': {
      const first = proxy.startSync(number);
      await sleep(random.between(20, 500));
      first.kill();
      await first.ended;
      return ended(await run(number));
    }
  }
}

type Run = { readonly asked: number; readonly end: SyncEnd };

const ended = ({ asked, end }: Run): readonly string[] =>
  end.code === 0 ? [] : [`the sync to generation ${asked} ended with ${end.code}: ${last(end)}`];

/** What is applied already must change nothing. */
const idle = (run: Run): readonly string[] => {
  const { added = 0, left = 0, changed } = run.end.report as { added?: number; left?: number; changed?: string };
  const isQuiet = changed === 'nothing' && added === 0 && left === 0;
  const more =
    isQuiet || run.end.code !== 0
      ? []
      : [`a command for generation ${run.asked}, which was applied, changed something: ${last(run.end)}`];
  return [...ended(run), ...more];
};

const last = ({ output }: SyncEnd): string => output.trim().split('\n').at(-1) ?? 'no output';
