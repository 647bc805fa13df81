import type { Query } from '../sync/aws/query';

/** What ECS puts on the Auto Scaling group of a capacity provider with managed draining; it holds a host for up to an hour. */
const hook = 'ecs-managed-draining-termination-hook';

/** Lets the hosts of a group end at once. ECS, which would say when, has forgotten them together with their capacity provider. */
export async function releaseHosts(query: Query, AutoScalingGroupName: string): Promise<void> {
  await query('autoscaling', 'DeleteLifecycleHook', { AutoScalingGroupName, LifecycleHookName: hook }).catch(ifGone);
}

/** Auto Scaling's word for a hook, or a group, that is not there. */
function ifGone(error: Error): void {
  if (error.name !== 'ValidationError') throw error;
}
