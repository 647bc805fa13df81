import { setTimeout as sleep } from 'node:timers/promises';
import { delays } from '../../scripts/local/delays';
import type { Group } from '../../scripts/local/package/stack';
import { autoScaling } from '../../scripts/local/proxy/auto-scaling';
import type { ProxyInstance } from '../../scripts/local/proxy/instance';
import { type Timers, timers } from '../../scripts/local/timers';

let clock: Timers;
beforeEach(() => {
  clock = timers();
});
afterEach(() => clock.stop());

const hook = { LifecycleHookName: 'serves', DefaultResult: 'ABANDON', HeartbeatTimeout: 0.05 };
const group: Group = {
  AutoScalingGroupName: 'proxy-1',
  LaunchTemplate: { LaunchTemplateId: 'lt' },
  LifecycleHookSpecificationList: [hook],
  userData: '',
  tags: {},
};

/** A group of one, and what became of the instances in it. */
function played() {
  const events: string[] = [];
  const launch = async (id: string) => {
    const name = `instance ${events.filter((event) => event.endsWith('boots')).length + 1}`;
    const boot = async () => void events.push(`${name} boots`);
    const terminate = async () => void events.push(`${name} ends`);
    return { id, boot, terminate } as unknown as ProxyInstance;
  };
  const deps = { timers: clock, delays: { ...delays, predecessorMs: 5 }, say: () => {}, launch, gone: () => {} };
  const groups = autoScaling([group], deps);
  const complete = (AutoScalingGroupName = 'proxy-1', InstanceId = groups.launched.at(-1)?.id ?? '') =>
    groups.handlers['autoscaling:CompleteLifecycleAction']({
      AutoScalingGroupName,
      LifecycleHookName: 'serves',
      LifecycleActionResult: 'CONTINUE',
      InstanceId,
    });
  return { events, complete, ...groups };
}

it('ends an instance that never completes its hook, and launches another', async () => {
  const { events, fill, complete } = played();
  const filled = fill();
  await sleep(80);
  complete();
  await filled;

  expect(events).toStrictEqual(['instance 1 boots', 'instance 1 ends', 'instance 2 boots']);
});

it('replaces an instance by one that serves, and only then ends it', async () => {
  const { events, fill, complete, replace } = played();
  const filled = fill();
  await sleep(5);
  complete();
  await filled;
  const replaced = replace(1);
  await sleep(20);
  expect(events).toStrictEqual(['instance 1 boots', 'instance 2 boots']);

  complete();
  await replaced;
  expect(events.at(-1)).toBe('instance 1 ends');
});

it('refuses to complete what does not wait: another group, or the same once more', async () => {
  const { fill, complete } = played();
  const filled = fill();
  await sleep(5);

  expect(() => complete('proxy-2')).toThrow('No active Lifecycle Action found');
  complete();
  await filled;
  expect(() => complete()).toThrow('No active Lifecycle Action found');
});
