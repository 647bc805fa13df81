import type { CertificateStore } from '../aws/certificate-store';
import type { Wanted } from './due/due';
import { listed, type State } from './due/state';
import { type Proxies, untilServed } from './served';

type World = Proxies & {
  readonly wanted: readonly Wanted[];
  readonly store: Pick<CertificateStore, 'readIndex' | 'writeIndex'>;
  readonly announce: () => Promise<void>;
};

/** How many certificates every proxy serves anew, and what is wrong with the others, in words. */
export type Published = { readonly served: number; readonly wrong: readonly string[] };

/** Lists what is stored, last of all, and waits until the proxies serve it. What is listed already costs nothing. */
export async function publish(states: ReadonlyMap<string, State>, world: World): Promise<Published> {
  const { wanted, store, announce } = world;
  const before = await store.readIndex();
  const after = listed(
    wanted.map(({ names }) => names),
    states,
    before,
  );
  if (JSON.stringify(after) === JSON.stringify(before)) return { served: 0, wrong: [] };
  await store.writeIndex(after);
  await announce();

  if (world.addresses.length === 0) return { served: 0, wrong: [] };
  const fresh = after.filter(({ serial }) => !before.some((old) => old.serial === serial));
  const wrong = await untilServed(fresh, after, world);
  return { served: fresh.filter(({ name }) => !wrong.some((fault) => fault.startsWith(`${name} `))).length, wrong };
}
