import type { Query } from './aws/calls';
import type { Place } from './settings';

export type Deps = {
  readonly instanceId: () => Promise<string>;
  /** Why HAProxy here cannot take over yet, if so. */
  readonly notServing: () => Promise<string | undefined>;
  readonly query: Query;
  /** What was written down last, perhaps damaged; `undefined` if nothing was. */
  readonly claimedBy: () => string | undefined;
  readonly remember: (instanceId: string) => void;
  readonly log: (words: string) => void;
  readonly pause: (milliseconds: number) => Promise<unknown>;
};

/** Danger: only once in an instance's life. Later it would take the address away from its successor. */
export async function claim(place: Place, deps: Deps): Promise<string> {
  const id = await persist('learn which instance this is', deps, deps.instanceId);
  const before = deps.claimedBy();
  if (before === id) return `${id} claimed address ${place.slot} before; nothing was done`;
  if (before !== undefined && !/^i-\w+$/.test(before))
    return `"claimed" names no instance, so ${id} may have claimed address ${place.slot} before; nothing was done`;

  await persist(`serve on ${id}`, deps, () => serve(deps));
  await persist(`take over address ${place.slot} (${place.address})`, deps, () =>
    deps.query('ec2', 'AssociateAddress', {
      AllocationId: place.address,
      InstanceId: id,
      AllowReassociation: 'true',
    }),
  );
  const counted = await persist(`tell Auto Scaling group ${place.group} that ${id} serves`, deps, () =>
    complete(place, id, deps),
  );
  deps.remember(id);
  return `${id} serves and has taken over address ${place.slot} (${place.address}); ${counted}`;
}

async function serve({ notServing }: Deps): Promise<void> {
  const why = await notServing();
  if (why) throw new Error(why);
}

/** Auto Scaling does not wait for an instance that was started by hand, or whose hook was completed by hand. */
async function complete({ group, hook }: Place, id: string, { query, log, pause }: Deps): Promise<string> {
  // Auto Scaling may know a hook only a moment after it begins.
  for (let left = 3; ; left -= 1) {
    try {
      await query('autoscaling', 'CompleteLifecycleAction', {
        AutoScalingGroupName: group,
        LifecycleHookName: hook,
        LifecycleActionResult: 'CONTINUE',
        InstanceId: id,
      });
      return `${group} counts on it`;
    } catch (error) {
      if (!/No active Lifecycle Action/i.test((error as Error).message)) throw error;
      if (left === 0) return `no lifecycle hook waits for it in ${group}`;
      log(`${group} does not wait for ${id} yet; asking again`);
      await pause(5_000);
    }
  }
}

/** Retries forever; after 15 minutes the lifecycle hook ends an instance that never succeeds. */
async function persist<Result>(
  what: string,
  { log, pause }: Pick<Deps, 'log' | 'pause'>,
  attempt: () => Promise<Result>,
): Promise<Result> {
  for (let seconds = 1; ; seconds = Math.min(2 * seconds, 30)) {
    try {
      return await attempt();
    } catch (error) {
      log(`could not ${what} yet: ${(error as Error).message}; next try in ${seconds} s`);
      await pause(1_000 * seconds);
    }
  }
}
