import { type Fleet, serviceKey, type Witness } from '../fleet/fleet';
import type { Task } from '../fleet/task';
import type { Backend } from '../haproxy/backend';

/** What routing looks at. `now` is in epoch seconds; there is no witness until somebody has to be asked. */
export type Look = {
  readonly fleet: Fleet;
  readonly published: readonly Backend[];
  readonly witness?: Witness;
  /** EC2 instances that this batch says have a Spot warning. */
  readonly warned: ReadonlySet<string>;
  readonly now: number;
};

/** Tasks or backends by their service, `<cluster>/<service>`, in their order. */
export function byService<Of extends Pick<Task | Backend, 'cluster' | 'service'>>(
  all: readonly Of[],
): ReadonlyMap<string, readonly Of[]> {
  const found = new Map<string, Of[]>();
  for (const each of all) {
    const own = found.get(serviceKey(each));
    if (own) own.push(each);
    else found.set(serviceKey(each), [each]);
  }
  return found;
}
