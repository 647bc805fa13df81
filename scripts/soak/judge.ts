import type { Instance } from '../proxy/instance';
import type { Book, Delivery } from './book';
import type { Cluster, Task } from './cluster';
import type { Happening } from './happenings';
import { notAsPublished, type Promised, servedAfterItsOrder, servedSerial, wrongRoute } from './invariants';
import type { Random } from './random';

type Stand = {
  readonly proxy: Instance;
  readonly cluster: Cluster;
  readonly random: Random;
  readonly book: Book;
};

/** HAProxy's count of reloads before the generation was carried, how it was, and which of its changes may have reloaded HAProxy. */
type Carried = { readonly before: number; readonly way: Delivery; readonly named: readonly Happening[] };

/** What HAProxy made of a generation, after its sync has ended, by its own words and from outside. */
export async function judge(stand: Stand, promised: Promised, { before, way, named }: Carried): Promise<void> {
  const { proxy, cluster, book } = stand;
  const reloads = (await proxy.processes()).reloads - before;
  // One may come from the sync that was killed, another from the one after it.
  const most = named.length === 0 ? 0 : way === 'a sync killed in the middle' ? 2 : 1;
  if (reloads > most)
    book.breaks(
      `generation ${promised.number}: ${reloads} reloads of HAProxy, and its changes ask for at most ${most}`,
    );
  for (let n = 0; n < Math.min(reloads, most); n++) book.reloads.push({ at: Date.now(), why: named });
  book.breaks(...(await notAsPublished(proxy, promised)), ...servedAfterItsOrder(cluster.tasks, book.youngest));
  book.checks.generations += 1;
  await askOutside(stand, promised);
}

/** Two routes, one that is published and one that is not, and a handshake. */
async function askOutside({ proxy, cluster, random, book }: Stand, { routes, serials }: Promised): Promise<void> {
  const well = routes.filter(([, , service = '']) => hasSteadyTask(cluster, service));
  const free = Array.from({ length: 12 }, (_, index) => `extra-${index + 1}.example`).filter(
    (host) => !routes.some(([known]) => known === host),
  );
  const asked = [random.oneOf(well), random.oneOf(free.map((host) => [host, '/', undefined] as const))];
  for (const route of asked) {
    const wrong = route && (await wrongRoute(proxy, route));
    if (wrong) book.breaks(wrong);
    if (route) book.checks.routes += 1;
  }
  const [host, serial] = random.oneOf([...serials]) ?? [];
  if (host === undefined) return;
  const shown = await servedSerial(proxy, host);
  if (shown !== serial) book.breaks(`${host} is served with the serial ${shown}, and ${serial} is published`);
  book.checks.handshakes += 1;
}

/** One that was known well before now, and is not on its way out. */
function hasSteadyTask({ running }: Cluster, service: string): boolean {
  const isSteady = ({ knownAt = Number.POSITIVE_INFINITY, ailing }: Task) =>
    ailing.length === 0 && Date.now() - knownAt > 3_000;
  return running(service).some(isSteady);
}
