import {
  type AutoScalingClient,
  DescribeAutoScalingGroupsCommand,
  DescribeInstanceRefreshesCommand,
} from '@aws-sdk/client-auto-scaling';
import { DescribeAddressesCommand, type EC2Client } from '@aws-sdk/client-ec2';

import { printable } from '../../../lib/printable';
import { wrapped } from '../../terminal/wrap';
import type { Stage } from '../stage';
import { type Deps, Stop } from '../verb';

export type Clients = { readonly autoscaling: AutoScalingClient; readonly ec2: EC2Client };
export type Slot = { readonly slot: string; readonly address: string; readonly instance: string | undefined };
export type Refresh = {
  readonly id: string;
  readonly status: string;
  readonly reason: string;
  readonly percent: number;
};
type Instance = { readonly id: string; readonly state: string };

const everyMs = 5_000;
/** A successor that does not serve is ended after 15 minutes; Auto Scaling then tries another. */
const mostMs = 45 * 60_000;
const patience = 5;

export async function slotsOf({ ec2 }: Clients, { stage }: Stage): Promise<readonly Slot[]> {
  const Filters = [{ Name: 'tag:SluiceProxy', Values: [stage] }];
  const { Addresses = [] } = await ec2.send(new DescribeAddressesCommand({ Filters }));
  const slots = Addresses.map(({ PublicIp = '', InstanceId, Tags = [] }) => ({
    slot: /\d+$/.exec(Tags.find(({ Key }) => Key === 'Name')?.Value ?? '')?.[0] ?? '?',
    address: printable(PublicIp),
    instance: InstanceId,
  }));
  return slots.sort((a, b) => (a.slot < b.slot ? -1 : 1));
}

/** The last refresh of a group, or the one with this id. */
export async function refreshOf({ autoscaling }: Clients, group: string, id?: string): Promise<Refresh | undefined> {
  const which = id ? { InstanceRefreshIds: [id] } : { MaxRecords: 1 };
  const command = new DescribeInstanceRefreshesCommand({ AutoScalingGroupName: group, ...which });
  const [found] = (await autoscaling.send(command)).InstanceRefreshes ?? [];
  const { InstanceRefreshId = '', Status = '', StatusReason = '', PercentageComplete = 0 } = found ?? {};
  return (
    found && { id: InstanceRefreshId, status: Status, reason: printable(StatusReason), percent: PercentageComplete }
  );
}

export const isRunning = ({ status }: Refresh): boolean =>
  /^(Pending|InProgress|Baking|Cancelling|RollbackInProgress)$/.test(status);

export async function instancesOf({ autoscaling }: Clients, group: string): Promise<readonly Instance[]> {
  const command = new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [group] });
  const { AutoScalingGroups = [] } = await autoscaling.send(command);
  return AutoScalingGroups.flatMap(({ Instances = [] }) =>
    Instances.map(({ InstanceId = '', LifecycleState = '' }) => ({ id: printable(InstanceId), state: LifecycleState })),
  );
}

type What = { readonly stage: Stage; readonly slot: Slot; readonly group: string; readonly id: string };

/** Prints what happens until the refresh has ended. Returns it. @throws Stop, when it lasts too long or cannot be seen any more */
export async function followRefresh(
  what: What,
  clients: Clients,
  deps: Deps,
  stop: AbortSignal,
): Promise<Refresh | undefined> {
  const { terminal, now } = deps;
  const [began, show] = [now(), shower(what, deps)];
  let failed = 0;
  while (!stop.aborted) {
    try {
      const instances = await instancesOf(clients, what.group);
      const slots = await slotsOf(clients, what.stage);
      const refresh = await refreshOf(clients, what.group, what.id);
      failed = 0;
      show(instances, slots);
      if (refresh && !isRunning(refresh)) return refresh;
      terminal.progress(`${Math.floor((now() - began) / 60_000)} min; ${instances.map(inWords).join(', ')}`);
    } catch (error) {
      if (++failed >= patience) throw error;
    }
    if (now() - began > mostMs) throw new Stop(`The refresh has run for 45 minutes. ${goesOn(what.stage, what.group)}`);
    await deps.pause(everyMs, stop).catch(() => {});
  }
  return undefined;
}

export const goesOn = ({ aws }: Stage, group: string): string =>
  `It goes on by itself: ${aws(`autoscaling describe-instance-refreshes --auto-scaling-group-name ${group} --max-records 1`)}` +
  ` shows how far it is, ${aws(`autoscaling cancel-instance-refresh --auto-scaling-group-name ${group}`)} stops it.`;

const inWords = ({ id, state }: Instance): string => {
  if (/^Pending/.test(state)) return `${id} boots (usually 4 min)`;
  return `${id} ${state === 'InService' ? 'serves' : 'ends'}`;
};

/** Prints each change once: an instance boots, serves, has the address, ends. */
function shower({ slot }: What, { terminal }: Deps) {
  const told = new Set([`${slot.instance} serves`]);
  const tell = (id: string, words: string) => {
    if (!told.has(id)) terminal.say(wrapped(words, terminal.columns, 2));
    told.add(id);
  };
  return (instances: readonly Instance[], slots: readonly Slot[]) => {
    for (const instance of instances) tell(inWords(instance), inWords(instance));
    const { instance, address } = slots.find((each) => each.slot === slot.slot) ?? slot;
    if (instance !== undefined && instance !== slot.instance)
      tell(`${instance} has ${address}`, `${address} leads to ${printable(instance)} now`);
  };
}
