import { type EC2Client, paginateDescribeInstances } from '@aws-sdk/client-ec2';
import {
  type ContainerInstance,
  DescribeContainerInstancesCommand,
  type DescribeContainerInstancesCommandOutput,
  type ECSClient,
} from '@aws-sdk/client-ecs';

import type { Fleet } from '../fleet/fleet';
import type { Task } from '../fleet/task';
import { batches, collect } from './batches';
import { doing } from './doing';
import { refuseFailures } from './ecs';
import { always, alwaysList } from './malformed';

/** Finds the hosts that tasks run on. An EC2 instance keeps its private address, so that is read once. */
export function hostReader(ecs: ECSClient, ec2: EC2Client): (tasks: readonly Task[]) => Promise<Fleet['hosts']> {
  const addresses = new Map<string, string>();
  return async (tasks) => {
    const instances: ContainerInstance[] = [];
    for (const cluster of new Set(tasks.map((task) => task.cluster))) {
      const arns = tasks.filter((task) => task.cluster === cluster).flatMap(({ instance }) => instance ?? []);
      instances.push(...(await describeInstances(ecs, cluster, [...new Set(arns)])));
    }
    const unknown = instances.flatMap(({ ec2InstanceId: id }) => (id && !addresses.has(id) ? [id] : []));
    for (const ids of batches(unknown, 200)) await learnAddresses(ec2, ids, addresses);
    return new Map(instances.map((instance) => [instance.containerInstanceArn ?? '', toHost(instance, addresses)]));
  };
}

/** One that is gone is left out: its tasks are gone too, or soon will be. */
async function describeInstances(
  ecs: ECSClient,
  cluster: string,
  arns: string[],
): Promise<readonly ContainerInstance[]> {
  const described: ContainerInstance[] = [];
  for (const containerInstances of batches(arns, 100)) {
    const what = `Describing container instances of cluster ${cluster}`;
    const asked = ecs.send(new DescribeContainerInstancesCommand({ cluster, containerInstances })).then((answer) => {
      refuseFailures(what, answer.failures);
      return instancesIn(answer);
    });
    described.push(...(await doing(what, asked)));
  }
  return described;
}

function instancesIn({ containerInstances }: DescribeContainerInstancesCommandOutput): readonly ContainerInstance[] {
  const instances = alwaysList('containerInstances', containerInstances);
  for (const { containerInstanceArn } of instances) always('containerInstanceArn', containerInstanceArn);
  return instances;
}

/** By filter, because one unknown id among `InstanceIds` fails the whole call; 200 values at most (AWS: DescribeInstances). */
async function learnAddresses(ec2: EC2Client, ids: string[], addresses: Map<string, string>): Promise<void> {
  const pages = paginateDescribeInstances({ client: ec2 }, { Filters: [{ Name: 'instance-id', Values: ids }] });
  const found = collect(pages).then((all) =>
    all.flatMap(({ Reservations }) => alwaysList('reservationSet', Reservations)),
  );
  const reservations = await doing(`Describing instances ${ids}`, found);
  for (const { InstanceId, PrivateIpAddress } of reservations.flatMap(({ Instances = [] }) => Instances)) {
    if (InstanceId && PrivateIpAddress) addresses.set(InstanceId, PrivateIpAddress);
  }
}

function toHost({ ec2InstanceId = '', status }: ContainerInstance, addresses: ReadonlyMap<string, string>) {
  const address = addresses.get(ec2InstanceId);
  return { instanceId: ec2InstanceId, draining: status === 'DRAINING', ...(address === undefined ? {} : { address }) };
}
