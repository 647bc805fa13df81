import { cpuOf } from '../../measure/cpu';
import type { Run } from './run';
import type { Instance } from './stand';

/** `large` and `small`: proxies with many tasks and with few, in one round. */
export type Stand = { readonly large: Instance; readonly small: Instance };

/** `milliseconds` is what HAProxy's master and worker took on a core, besides what their checks take meanwhile. */
export type Measured = Run & { readonly haproxyMilliseconds: number; readonly reloads: number };

type Case = {
  readonly name: string;
  readonly of: keyof Stand;
  /** What the fleet does before the run. */
  readonly change: (proxy: Instance) => void;
  readonly environment?: Readonly<Record<string, string>>;
};

/** In this order, so that the two of a pair follow each other. The last leaves the proxy as the round has found it. */
export function casesOf(large: number, small: number) {
  const [many, few] = [`${inWords(large)} tasks`, `${small} tasks`];
  const nothing = () => undefined;
  const one = ({ fleet }: Instance) => fleet.replace(1);
  const some = Math.round(large / 5);
  const removal = { SLUICE_REMOVE_AFTER_SECONDS: '0' };
  return {
    nothingFew: { name: `nothing changed, ${few}`, of: 'small', change: nothing },
    nothingMany: { name: `nothing changed, ${many}`, of: 'large', change: nothing },
    oneFew: { name: `one task replaced, ${few}`, of: 'small', change: one },
    oneMany: { name: `one task replaced, ${many}`, of: 'large', change: one },
    host: { name: `a new host of a service, ${many}`, of: 'large', change: ({ fleet }) => fleet.addHost() },
    some: {
      name: `${inWords(some)} replaced at once, ${many}`,
      of: 'large',
      change: ({ fleet }) => fleet.replace(some),
    },
    all: { name: `all ${inWords(large)} replaced`, of: 'large', change: ({ fleet }) => fleet.replace(large) },
    removed: { name: 'those that left are deleted', of: 'large', change: nothing, environment: removal },
  } satisfies Record<string, Case>;
}

export type Cases = ReturnType<typeof casesOf>;
export type CaseName = keyof Cases;

const inWords = (count: number): string => count.toLocaleString('en-GB');

export async function measure(stand: Stand, { of, change, environment }: Case): Promise<Measured> {
  const proxy = stand[of];
  const { pid, master, reloads } = await proxy.worker();
  const used = () => cpuOf(pid).microseconds + cpuOf(master).microseconds;
  change(proxy);
  const checks = await perMillisecond(used);
  const [before, from] = [used(), performance.now()];
  const run = await proxy.sync(environment);
  const own = used() - before - checks * (performance.now() - from);
  return { ...run, haproxyMilliseconds: Math.max(0, own / 1_000), reloads: (await proxy.worker()).reloads - reloads };
}

/** What HAProxy uses while nobody asks it anything. */
async function perMillisecond(used: () => number): Promise<number> {
  const [before, from] = [used(), performance.now()];
  await new Promise((resolve) => setTimeout(resolve, 200));
  return (used() - before) / (performance.now() - from);
}
