import { type EC2Client, paginateDescribeInstances } from '@aws-sdk/client-ec2';
import { DescribeContainerInstancesCommand, type ECSClient } from '@aws-sdk/client-ecs';

import type { Task } from '../fleet/task';
import { batches, collect } from './batches';
import { doing } from './doing';

/** Finds the private addresses of the hosts that tasks run on, by container instance ARN. An instance keeps its address. */
export function addressReader(
  ecs: ECSClient,
  ec2: EC2Client,
): (tasks: readonly Task[]) => Promise<ReadonlyMap<string, string>> {
  const addresses = new Map<string, string>();
  return async (tasks) => {
    for (const cluster of new Set(tasks.map((task) => task.cluster))) {
      const hosts = tasks.filter((task) => task.cluster === cluster).flatMap(({ instance }) => instance ?? []);
      const unknown = [...new Set(hosts)].filter((arn) => !addresses.has(arn));
      for (const batch of batches(unknown, 100)) {
        const instances = await instanceIds(ecs, cluster, batch);
        const found = await privateAddresses(ec2, [...instances.values()]);
        for (const [arn, id] of instances) {
          const address = found.get(id);
          if (address !== undefined) addresses.set(arn, address);
        }
      }
    }
    return addresses;
  };
}

/** EC2 instance ids by container instance ARN. One that is gone is left out: its tasks are gone too, or soon will be. */
async function instanceIds(
  ecs: ECSClient,
  cluster: string,
  containerInstances: string[],
): Promise<ReadonlyMap<string, string>> {
  const asked = ecs.send(new DescribeContainerInstancesCommand({ cluster, containerInstances }));
  const answer = await doing(`Describing container instances of cluster ${cluster}`, asked);
  const known = (answer.containerInstances ?? []).flatMap(({ containerInstanceArn: arn, ec2InstanceId: id }) =>
    arn && id ? [[arn, id] as const] : [],
  );
  return new Map(known);
}

/** By filter, because one unknown id among `InstanceIds` fails the whole call (AWS: DescribeInstances). */
async function privateAddresses(ec2: EC2Client, ids: string[]): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  if (ids.length === 0) return found;
  const pages = paginateDescribeInstances({ client: ec2 }, { Filters: [{ Name: 'instance-id', Values: ids }] });
  const reservations = (await doing(`Describing instances ${ids}`, collect(pages))).flatMap(
    (page) => page.Reservations ?? [],
  );
  for (const { InstanceId, PrivateIpAddress } of reservations.flatMap(({ Instances = [] }) => Instances)) {
    if (InstanceId && PrivateIpAddress) found.set(InstanceId, PrivateIpAddress);
  }
  return found;
}
