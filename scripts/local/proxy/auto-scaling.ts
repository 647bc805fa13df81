import { randomBytes } from 'node:crypto';

import { fail, refuse } from '../api/errors';
import type { Played } from '../moment';
import type { Group } from '../package/stack';
import type { ProxyInstance } from './instance';

type Deps = Pick<Played, 'timers' | 'delays' | 'say'> & {
  readonly groups: readonly Group[];
  /** Launches an instance that has not booted. */
  readonly launch: (id: string, group: Group) => Promise<ProxyInstance>;
  /** Forgets an instance, and its place at the address. */
  readonly gone: (instance: ProxyInstance) => void;
};
type State = Deps & {
  /** By instance: its group, and what its hook's completion resolves. */
  readonly waiting: Map<string, { readonly group: Group; readonly end: (result: string) => void }>;
  readonly inService: Map<number, ProxyInstance>;
  readonly launched: ProxyInstance[];
};
type Completion = {
  readonly AutoScalingGroupName: string;
  readonly LifecycleHookName: string;
  readonly LifecycleActionResult: string;
  readonly InstanceId: string;
};

/** Plays Auto Scaling groups of one. An instance is in service when its hook is completed (AWS: Auto Scaling lifecycle hooks). */
export function autoScaling(deps: Deps) {
  const state: State = { ...deps, waiting: new Map(), inService: new Map(), launched: [] };
  const current = (slot: number): ProxyInstance => state.inService.get(slot) ?? fail(`proxy ${slot} is not in service`);
  return {
    launched: state.launched as readonly ProxyInstance[],
    current,
    fill: () => Promise.all(deps.groups.map((_, index) => add(state, index + 1))),
    /** An instance refresh with a maintenance policy of 100 to 200 percent: the successor first (AWS: instance maintenance policy). */
    replace: async (slot: number): Promise<ProxyInstance> => {
      const old = current(slot);
      const successor = await add(state, slot);
      await new Promise<void>((resolve) => deps.timers.after(deps.delays.predecessorMs, resolve));
      await end(state, old);
      return successor;
    },
    handlers: {
      // The hosts of tasks are not played; ECS may have taken its hook away already.
      'autoscaling:DeleteLifecycleHook': () => ({ DeleteLifecycleHookResult: {} }),
      'autoscaling:CompleteLifecycleAction': (asked: Completion) => complete(state, asked),
    },
  };
}

/** Launches instances until one is in service. One that does not complete its hook is ended. */
async function add(state: State, slot: number): Promise<ProxyInstance> {
  for (;;) {
    // A deploy may have changed the group meanwhile.
    const group = state.groups[slot - 1] ?? fail(`there is no proxy ${slot}`);
    const [hook] = group.LifecycleHookSpecificationList ?? [];
    const instance = await state.launch(`i-0${randomBytes(8).toString('hex')}`, group);
    state.launched.push(instance);
    const result = new Promise<string>((finish) => {
      state.waiting.set(instance.id, { group, end: finish });
      state.timers.after((hook?.HeartbeatTimeout ?? 3600) * 1000, () => finish(hook?.DefaultResult ?? 'ABANDON'));
    });
    void instance.boot();
    if ((await result) === 'CONTINUE') {
      state.say('boot', `${instance.id} is in service in ${group.AutoScalingGroupName}`);
      state.inService.set(slot, instance);
      return instance;
    }
    await end(state, instance);
  }
}

async function end({ waiting, gone }: State, instance: ProxyInstance): Promise<void> {
  waiting.delete(instance.id);
  gone(instance);
  await instance.terminate();
}

function complete({ waiting }: State, asked: Completion) {
  const { group, end } = waiting.get(asked.InstanceId) ?? {};
  const [hook] = group?.LifecycleHookSpecificationList ?? [];
  if (group?.AutoScalingGroupName !== asked.AutoScalingGroupName || hook?.LifecycleHookName !== asked.LifecycleHookName)
    refuse('ValidationError', `No active Lifecycle Action found with instance ID ${asked.InstanceId}`);
  waiting.delete(asked.InstanceId);
  end?.(asked.LifecycleActionResult);
  return { CompleteLifecycleActionResult: {} };
}
