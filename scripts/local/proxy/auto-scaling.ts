import { randomBytes } from 'node:crypto';
import { AwsError } from '../api/errors';
import type { Delays } from '../delays';
import type { Say } from '../moment';
import type { Group } from '../package/stack';
import type { Timers } from '../timers';
import type { ProxyInstance } from './instance';

type Deps = {
  readonly timers: Timers;
  readonly delays: Delays;
  readonly say: Say;
  /** Gives an instance that has not booted. */
  readonly launch: (id: string, group: Group) => Promise<ProxyInstance>;
  /** It is gone, with its place at the address. */
  readonly gone: (instance: ProxyInstance) => void;
};
type Completion = {
  readonly AutoScalingGroupName: string;
  readonly LifecycleHookName: string;
  readonly LifecycleActionResult: string;
  readonly InstanceId: string;
};

/** Auto Scaling groups of one. What is launched counts when its hook is completed (AWS: Auto Scaling lifecycle hooks). */
export function autoScaling(groups: readonly Group[], { timers, delays, say, launch, gone }: Deps) {
  const waiting = new Map<string, { readonly group: Group; readonly end: (result: string) => void }>();
  const inService = new Map<string, ProxyInstance>();
  const launched: ProxyInstance[] = [];

  /** Until one is in service: whatever never completes its hook is ended, and another one launched. */
  async function add(slot: number): Promise<ProxyInstance> {
    for (;;) {
      const group = named(slot);
      const instance = await launch(`i-0${randomBytes(8).toString('hex')}`, group);
      launched.push(instance);
      const [hook] = group.LifecycleHookSpecificationList ?? [];
      const result = new Promise<string>((end) => {
        waiting.set(instance.id, { group, end });
        timers.after((hook?.HeartbeatTimeout ?? 3600) * 1000, () => end(hook?.DefaultResult ?? 'ABANDON'));
      });
      void instance.boot();
      if ((await result) === 'CONTINUE') {
        say('boot', `${instance.id} is in service in ${group.AutoScalingGroupName}`);
        return instance;
      }
      await end(instance);
    }
  }

  async function end(instance: ProxyInstance): Promise<void> {
    waiting.delete(instance.id);
    gone(instance);
    await instance.terminate();
  }

  const named = (slot: number): Group => groups[slot - 1] ?? fail(`there is no proxy ${slot}`);
  const current = (slot: number): ProxyInstance =>
    inService.get(named(slot).AutoScalingGroupName) ?? fail(`proxy ${slot} is not in service`);
  const settle = async (slot: number): Promise<ProxyInstance> => {
    const instance = await add(slot);
    inService.set(named(slot).AutoScalingGroupName, instance);
    return instance;
  };

  return {
    /** All that were ever launched, in order. */
    launched: launched as readonly ProxyInstance[],
    current,
    /** As when the group is made: as many as its minimum. */
    fill: () => Promise.all(groups.map((_, index) => settle(index + 1))),
    /** An instance refresh with a maintenance policy of 100 to 200 percent: the successor first (AWS: instance maintenance policy). */
    replace: async (slot: number): Promise<ProxyInstance> => {
      const old = current(slot);
      const successor = await settle(slot);
      await new Promise<void>((resolve) => timers.after(delays.predecessorMs, resolve));
      await end(old);
      return successor;
    },
    handlers: {
      // The hosts of tasks are not played; ECS may have taken its hook away already.
      'autoscaling:DeleteLifecycleHook': () => ({ DeleteLifecycleHookResult: {} }),
      'autoscaling:CompleteLifecycleAction': (asked: Completion) => {
        const found = waiting.get(asked.InstanceId);
        const [hook] = found?.group.LifecycleHookSpecificationList ?? [];
        const isMeant =
          found?.group.AutoScalingGroupName === asked.AutoScalingGroupName &&
          hook?.LifecycleHookName === asked.LifecycleHookName;
        if (!isMeant)
          throw new AwsError(
            'ValidationError',
            `No active Lifecycle Action found with instance ID ${asked.InstanceId}`,
          );
        waiting.delete(asked.InstanceId);
        found?.end(asked.LifecycleActionResult);
        return { CompleteLifecycleActionResult: {} };
      },
    },
  };
}

const fail = (message: string): never => {
  throw new Error(message);
};
