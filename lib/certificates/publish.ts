import type { Certificate } from '../generation/generation';
import { provingHost } from './certificate';
import { certificateIndex, type State, type Wanted } from './due/state';
import type { Run } from './run';

export type Proxies = {
  /** `host` or `host:port`. */
  readonly addresses: readonly string[];
  /** Returns the serial. */
  readonly ask: (address: string, host: string) => Promise<string>;
};

export type IndexStore = {
  readonly readIndex: () => Promise<readonly Certificate[]>;
  readonly writeIndex: (certificates: readonly Certificate[]) => Promise<void>;
};

export type PublishDeps = Proxies & {
  readonly wanted: readonly Wanted[];
  readonly store: IndexStore;
  readonly announce: () => Promise<void>;
  readonly run: Pick<Run, 'hasTimeFor' | 'pause'>;
};

export type Published = { readonly served: number; readonly faults: readonly string[] };

/** Returns at once when the index is already right. */
export async function publish(states: ReadonlyMap<string, State>, deps: PublishDeps): Promise<Published> {
  const { wanted, store, announce, addresses } = deps;
  const before = await store.readIndex();
  const after = certificateIndex(wanted, states, before);
  if (JSON.stringify(after) === JSON.stringify(before)) return { served: 0, faults: [] };
  await store.writeIndex(after);
  await announce();

  if (addresses.length === 0) return { served: 0, faults: [] };
  const fresh = after.filter(({ serial }) => !before.some((old) => old.serial === serial));
  const unserved = await untilServed(fresh, after, deps);
  const served = fresh.filter(({ name }) => !unserved.some((each) => each.name === name));
  return { served: served.length, faults: unserved.map(({ fault }) => fault) };
}

type Expected = Pick<Certificate, 'name' | 'names' | 'serial'>;
type Unserved = { readonly name: string; readonly fault: string };

const lookMs = 3_000;

/** Law 13. Returns what is not served at the end. @param all because a host that two certificates cover proves neither */
export async function untilServed(
  expected: readonly Expected[],
  all: readonly Expected[],
  deps: Proxies & Pick<PublishDeps, 'run'>,
): Promise<readonly Unserved[]> {
  for (;;) {
    const looks = expected.flatMap((certificate) =>
      deps.addresses.map((address) => look(certificate, all, address, deps)),
    );
    const unserved = (await Promise.all(looks)).flat();
    if (unserved.length === 0 || !deps.run.hasTimeFor(lookMs)) return unserved;
    await deps.run.pause(lookMs);
  }
}

async function look(
  { name, names, serial }: Expected,
  all: readonly Expected[],
  address: string,
  { ask }: Proxies,
): Promise<readonly Unserved[]> {
  const others = all.filter((other) => other.name !== name).map((other) => other.names);
  const host = provingHost(names, others);
  // Every host of this certificate is also in others, and HAProxy may show one of those.
  if (host === undefined) return [];
  const served = await ask(address, host).catch((error: Error) => error);
  if (served instanceof Error) return [{ name, fault: `${name} is stored, but ${served.message}` }];
  if (served === serial) return [];
  return [{ name, fault: `${name} is stored with serial ${serial}, but ${address} serves ${served} for ${host}` }];
}
