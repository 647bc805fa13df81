import { isIP, isIPv4 } from 'node:net';

import { type EC2Client, paginateDescribeInstances } from '@aws-sdk/client-ec2';
import {
  DescribeContainerInstancesCommand,
  type DescribeContainerInstancesCommandOutput,
  type ECSClient,
} from '@aws-sdk/client-ecs';
import * as z from 'zod/mini';

import { fieldsOf } from '../fleet/fields';
import { type Fleet, type Host, serviceKey } from '../fleet/fleet';
import type { Task } from '../fleet/task';
import { always, alwaysList, askEach, collect, failureText, refusal } from './calls';

/** An EC2 instance keeps its private address, so that is read once. */
export function hostReader(
  ecs: ECSClient,
  ec2: EC2Client,
): (running: readonly Task[]) => Promise<Pick<Fleet, 'hosts' | 'unread'>> {
  const addresses = new Map<string, string>();
  return async (running) => {
    const perCluster = [...new Set(running.map(({ cluster }) => cluster))].map((cluster) => {
      const arns = running.filter((task) => task.cluster === cluster).flatMap(({ instance }) => instance ?? []);
      return describeInstances(ecs, cluster, [...new Set(arns)]);
    });
    const found = await Promise.all(perCluster);
    const instances = found.flatMap((each) => each.instances);
    const unknown = instances.flatMap(({ ec2InstanceId: id }) => (id && !addresses.has(id) ? [id] : []));
    const refused = await learnAddresses(ec2, [...new Set(unknown)], addresses);
    const withoutAddress = instances.flatMap(({ containerInstanceArn: arn, ec2InstanceId: id = '' }) => {
      const error = refused.get(id);
      return error ? [{ arn, what: `instance ${id}`, why: refusal(error) }] : [];
    });
    const servicesOn = (arn: string) => running.filter(({ instance }) => instance === arn).map(serviceKey);
    return {
      hosts: new Map(instances.map((instance) => [instance.containerInstanceArn, toHost(instance, addresses)])),
      unread: [...found.flatMap(({ unread }) => unread), ...withoutAddress].map(({ arn, ...rest }) => ({
        ...rest,
        services: [...new Set(servicesOn(arn))],
      })),
    };
  };
}

const described = z.object({
  containerInstanceArn: z.string().check(z.minLength(1, 'an ARN')),
  ec2InstanceId: z.optional(z.string()),
  status: z.optional(z.string()),
});
type Instance = z.infer<typeof described>;
type UnreadHost = { readonly arn: string; readonly what: string; readonly why: string };
type Instances = { readonly instances: readonly Instance[]; readonly unread: readonly UnreadHost[] };

/** An instance that is gone is left out: its tasks are gone, or soon will be. */
async function describeInstances(ecs: ECSClient, cluster: string, arns: readonly string[]): Promise<Instances> {
  const { answers, refused } = await askEach(arns, {
    ...{ size: 100, atOnce: 4 },
    what: () => `Describing container instances of cluster ${cluster}`,
    ask: (containerInstances) =>
      ecs.send(new DescribeContainerInstancesCommand({ cluster, containerInstances })).then(instancesIn),
  });
  const refusals = [...refused].map(([arn, error]) => unreadHost(arn, refusal(error)));
  return {
    instances: answers.flatMap(({ instances }) => instances),
    unread: [...answers.flatMap(({ unread }) => unread), ...refusals],
  };
}

function instancesIn(answer: DescribeContainerInstancesCommandOutput): Instances {
  const instances: Instance[] = [];
  const failed = (answer.failures ?? []).filter(({ reason }) => reason !== 'MISSING');
  const unread = failed.map(({ arn = '', ...why }) => unreadHost(arn, failureText(why)));
  for (const instance of alwaysList('containerInstances', answer.containerInstances)) {
    const arn = always('containerInstanceArn', instance?.containerInstanceArn);
    const read = fieldsOf(described, instance);
    if ('why' in read) unread.push(unreadHost(arn, read.why));
    else instances.push(read.value);
  }
  return { instances, unread };
}

const unreadHost = (arn: string, why: string): UnreadHost => ({ arn, what: `container instance ${arn}`, why });

/**
 * It asks by filter, because one unknown id among `InstanceIds` fails the whole call; 200 values at most (AWS: DescribeInstances). EC2
 * hides instances of ECS Managed Instances unless they are asked for (AWS: EC2, managed resource visibility).
 */
async function learnAddresses(ec2: EC2Client, unknown: readonly string[], addresses: Map<string, string>) {
  const { refused } = await askEach(unknown, {
    ...{ size: 200, atOnce: 4 },
    what: (ids) => `Describing instances ${ids}`,
    ask: async (ids) => {
      const Filters = [{ Name: 'instance-id', Values: ids }];
      const pages = await collect(
        paginateDescribeInstances({ client: ec2 }, { Filters, IncludeManagedResources: true }),
      );
      const reservations = pages.flatMap(({ Reservations }) => alwaysList('reservationSet', Reservations));
      for (const instance of reservations.flatMap(({ Instances = [] }) => Instances)) {
        const address = [instance.PrivateIpAddress, instance.Ipv6Address].find((each = '') => isIP(each) > 0);
        if (instance.InstanceId && address) addresses.set(instance.InstanceId, address);
      }
    },
  });
  return refused;
}

function toHost({ ec2InstanceId = '', status }: Instance, addresses: ReadonlyMap<string, string>): Host {
  const known = addresses.get(ec2InstanceId);
  const draining = status === 'DRAINING';
  if (known === undefined) return { instanceId: ec2InstanceId, draining };
  return { instanceId: ec2InstanceId, draining, ...(isIPv4(known) ? { address: known } : { ipv6Only: true }) };
}
