import type { Query } from './aws/query';

/** Which address the instance takes over, and who waits for it. The template tells each instance at boot. */
export type Place = {
  readonly slot: string;
  /** The allocation of the Elastic IP address. */
  readonly address: string;
  /** The Auto Scaling group, and its hook that keeps the instance from counting until it is completed. */
  readonly group: string;
  readonly hook: string;
};

/** What claiming needs of the world. */
export type Hands = {
  readonly instanceId: () => Promise<string>;
  /** Why this instance's own HAProxy cannot take over yet, or nothing. */
  readonly notServing: () => Promise<string | undefined>;
  readonly query: Query;
  /** The instance that claimed with this disk. */
  readonly claimedBy: () => string | undefined;
  readonly remember: (instanceId: string) => void;
  readonly say: (words: string) => void;
  readonly pause: (milliseconds: number) => Promise<unknown>;
};

/** @throws with the names of what is missing. */
export function readPlace(environment: Readonly<Record<string, string | undefined>>): Place {
  const names = { slot: 'SLUICE_SLOT', address: 'SLUICE_ADDRESS', group: 'SLUICE_GROUP', hook: 'SLUICE_HOOK' };
  const missing = Object.values(names).filter((name) => !environment[name]);
  if (missing.length > 0) throw new Error(`${missing.join(', ')} not set; the template writes them at first boot`);
  const value = (name: string) => environment[name] ?? '';
  return {
    slot: value(names.slot),
    address: value(names.address),
    group: value(names.group),
    hook: value(names.hook),
  };
}

/**
 * Takes over the address once this instance serves, and lets Auto Scaling count on it: the predecessor may go then.
 * Once in an instance's life: one that comes back later must not take the address from its successor.
 */
export async function claim(place: Place, hands: Hands): Promise<string> {
  const id = await persist('learn which instance this is', hands, hands.instanceId);
  if (hands.claimedBy() === id) return `${id} claimed address ${place.slot} before; nothing was done`;

  await persist(`serve on ${id}`, hands, () => serve(hands));
  await persist(`take over address ${place.slot} (${place.address})`, hands, () =>
    hands.query('ec2', 'AssociateAddress', {
      AllocationId: place.address,
      InstanceId: id,
      AllowReassociation: 'true',
    }),
  );
  const told = await persist(`tell Auto Scaling group ${place.group} that ${id} serves`, hands, () =>
    complete(place, id, hands),
  );
  hands.remember(id);
  return `${id} serves and has taken over address ${place.slot} (${place.address}); ${told}`;
}

async function serve({ notServing }: Hands): Promise<void> {
  const why = await notServing();
  if (why) throw new Error(why);
}

/** Nobody waits for an instance that was started by hand, or whose hook was completed by hand. */
async function complete({ group, hook }: Place, id: string, { query, say, pause }: Hands): Promise<string> {
  // A hook that begins just now is known a moment later.
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
      if (left === 0) return `nobody waits for it in ${group}`;
      say(`${group} does not wait for ${id} yet; asking again`);
      await pause(5_000);
    }
  }
}

/** Tries for ever, later and later. Who never gets there is ended by the hook, after 15 minutes. */
async function persist<Result>(
  what: string,
  { say, pause }: Pick<Hands, 'say' | 'pause'>,
  attempt: () => Promise<Result>,
): Promise<Result> {
  for (let seconds = 1; ; seconds = Math.min(2 * seconds, 30)) {
    try {
      return await attempt();
    } catch (error) {
      say(`could not ${what} yet: ${(error as Error).message}; next try in ${seconds} s`);
      await pause(1_000 * seconds);
    }
  }
}
