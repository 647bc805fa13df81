import { AwsError } from '../api/errors';
import { isTarget } from '../api/iam-checks';
import { type Address, listens } from '../api/loopback';
import type { Aws } from '../aws';
import type { Delays } from '../delays';
import type { Say } from '../moment';
import type { Processes } from '../processes';
import { filled } from '../ssm/run-command';
import type { Timers } from '../timers';
import { autoScaling } from './auto-scaling';
import { type ElasticIp, elasticIp, type Holder } from './elastic-ip';
import { answers, haproxyVersion } from './haproxy';
import { type ProxyInstance, proxyInstance } from './instance';
import type { Ports } from './machine';

type Deps = {
  readonly processes: Processes;
  readonly timers: Timers;
  readonly delays: Delays;
  readonly say: Say;
  readonly atEnd: (stop: () => Promise<void>) => void;
};
type Association = { readonly AllocationId: string; readonly InstanceId: string; readonly AllowReassociation?: string };

/** The proxies of the packaged stack: a group of one for each address, and who holds the addresses. */
export async function playProxies(aws: Aws, ports: readonly Ports[], { processes, timers, delays, say, atEnd }: Deps) {
  const { stack } = aws;
  const addresses = new Map<string, ElasticIp>();
  for (const [index, { allocationId, tags }] of stack.addresses.entries()) {
    const address = await elasticIp(ports[index] as Ports, delays.addressMs, timers);
    addresses.set(allocationId, address);
    aws.tagged.push({ id: allocationId, tags });
    atEnd(address.stop);
  }

  /** Its agent registers in its own time; State Manager then runs what is associated (AWS: State Manager associations). */
  async function register({ managed }: ProxyInstance): Promise<void> {
    await new Promise<void>((resolve) => timers.after(delays.registerMs, resolve));
    if (!aws.tagged.includes(managed)) return;
    aws.instances.push(managed);
    say('boot', `the agent on ${managed.id} registers`);
    for (const { Name, Targets } of stack.associations) {
      const document = stack.documents.find((each) => each.Name === Name);
      if (document && isTarget({ Targets }, managed)) await managed.run(filled(document, {}));
    }
  }

  const registered: Promise<void>[] = [];
  const groups = autoScaling(stack.groups, {
    timers,
    delays,
    say,
    launch: async (id, group) => {
      const { userData, tags } = group;
      const launch = { id, userData, tags, role: stack.instanceRole, credentials: aws.assume(stack.instanceRole) };
      const deps = { processes, timers, say, surroundings: aws.surroundings, agentMs: delays.agentMs };
      const instance = await proxyInstance(launch, deps);
      aws.tagged.push(instance.managed);
      registered.push(register(instance));
      return instance;
    },
    gone: ({ managed, addresses: own }) => {
      for (const list of [aws.tagged, aws.instances])
        list.splice(list.indexOf(managed), list.includes(managed) ? 1 : 0);
      for (const address of addresses.values()) address.leave(own);
    },
  });

  /** AWS: AssociateAddress. */
  const associate = ({ AllocationId, InstanceId, AllowReassociation }: Association) => {
    const address = addresses.get(AllocationId) ?? refuse('InvalidAllocationID.NotFound', AllocationId);
    const instance =
      groups.launched.find(({ id }) => id === InstanceId) ?? refuse('InvalidInstanceID.NotFound', InstanceId);
    const holder: Holder = instance.addresses;
    if (address.held() && address.held() !== holder && AllowReassociation !== 'true')
      refuse('Resource.AlreadyAssociated', AllocationId);
    address.moveTo(holder);
    instance.readdressed();
    say('boot', `${AllocationId} moves to ${InstanceId}`);
    return { return: true, associationId: `eipassoc-${AllocationId.slice(9)}` };
  };

  aws.connect({ ...groups.handlers, 'ec2:AssociateAddress': associate });
  atEnd(async () => void (await Promise.all(groups.launched.map(({ close }) => close()))));
  return {
    ...groups,
    addresses: [...addresses.values()],
    fill: async (): Promise<void> => {
      await groups.fill();
      await Promise.all(registered);
    },
  };
}

export type Proxies = Awaited<ReturnType<typeof playProxies>>;

/** One proxy as those know it who do not care which instance it is. */
export function entrance({ addresses, current }: Proxies, slot: number) {
  const { ports } = addresses[slot - 1] as ElasticIp;
  const address = (port: number): Address => ({ host: '127.0.0.1', port });
  const http = address(ports.http);
  return {
    http,
    https: address(ports.https),
    statistics: address(ports.statistics),
    haproxyVersion: haproxyVersion(),
    /** What the instance's console showed last. */
    log: (): readonly string[] => current(slot).console.map(({ text }) => text),
    home: current(slot).located('/var/lib/sluice'),
    pid: () => current(slot).pid(),
    reloads: () => current(slot).reloads(),
    /** Until it serves again. */
    reboot: async (): Promise<void> => {
      await current(slot).reboot();
      const { addresses: own, located } = current(slot);
      // The master's socket is there a moment after the ports.
      if ((await listens(own.http, 15_000)) && (await answers(located('/run/haproxy-master.sock'), 5_000))) return;
      throw new Error(`HAProxy does not listen 15 s after a reboot`);
    },
  };
}

export type Entrance = ReturnType<typeof entrance>;

const refuse = (code: string, id: string): never => {
  throw new AwsError(code, `${id} cannot be associated.`);
};
