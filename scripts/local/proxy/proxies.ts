import { answers, haproxyVersion } from '../../real/haproxy';
import { listens } from '../../real/loopback';
import { fail, refuse } from '../api/errors';
import { isTarget } from '../api/iam-checks';
import type { Aws } from '../aws';
import type { Played } from '../moment';
import type { Group } from '../package/stack';
import { filled } from '../ssm/run-command';
import { autoScaling } from './auto-scaling';
import { type ElasticIp, elasticIp } from './elastic-ip';
import { type ProxyInstance, proxyInstance } from './instance';
import { addressesAt, type Ports } from './machine';

type Deps = Played & { readonly aws: Aws };
type Association = { readonly AllocationId: string; readonly InstanceId: string; readonly AllowReassociation?: string };

/** Plays the proxies of the packaged stack: a group of one for each address, and the holders of the addresses. */
export async function playProxies(ports: readonly Ports[], deps: Deps) {
  const { aws, atEnd, timers, delays } = deps;
  const addresses = new Map<string, ElasticIp>();
  for (const [index, { allocationId: id, tags }] of aws.stack.addresses.entries()) {
    const address = await elasticIp(ports[index] as Ports, delays.addressMs, timers);
    addresses.set(id, address);
    aws.tagged.push({ id, tags });
    atEnd(address.stop);
  }
  const registered: Promise<void>[] = [];
  const groups = autoScaling({
    ...deps,
    groups: aws.stack.groups,
    launch: async (id, group) => {
      const instance = await launch(deps, id, group);
      registered.push(register(deps, instance));
      return instance;
    },
    gone: ({ managed, addresses: own }) => {
      for (const list of [aws.tagged, aws.instances]) if (list.includes(managed)) list.splice(list.indexOf(managed), 1);
      for (const address of addresses.values()) address.leave(own);
    },
  });
  const associating = (input: Association) => associate(deps, addresses, groups.launched, input);
  aws.connect({ ...groups.handlers, 'ec2:AssociateAddress': associating });
  atEnd(async () => void (await Promise.all(groups.launched.map(({ close }) => close()))));
  return {
    ...groups,
    addresses: [...addresses.values()],
    fill: (): Promise<unknown> => groups.fill().then(() => Promise.all(registered)),
  };
}

export type Proxies = Awaited<ReturnType<typeof playProxies>>;

async function launch({ aws, ...deps }: Deps, id: string, { userData, tags }: Group): Promise<ProxyInstance> {
  const role = aws.stack.instanceRole;
  const what = { id, userData, tags, role, credentials: aws.assume(role) };
  const instance = await proxyInstance(what, { ...deps, endpoint: aws.api.endpoint });
  aws.tagged.push(instance.managed);
  return instance;
}

/** Its agent registers in its own time; State Manager then runs what is associated (AWS: State Manager associations). */
async function register({ aws, timers, delays, say }: Deps, { managed }: ProxyInstance): Promise<void> {
  await new Promise<void>((resolve) => timers.after(delays.registerMs, resolve));
  if (!aws.tagged.includes(managed)) return;
  aws.instances.push(managed);
  say('boot', `the agent on ${managed.id} registers`);
  for (const { Name, Targets } of aws.stack.associations) {
    const document = aws.stack.documents.find((each) => each.Name === Name);
    if (document && isTarget({ Targets }, managed)) await managed.run(filled(document, {}));
  }
}

/** AWS: AssociateAddress. */
function associate(
  { say }: Deps,
  addresses: ReadonlyMap<string, ElasticIp>,
  launched: readonly ProxyInstance[],
  { AllocationId, InstanceId, AllowReassociation }: Association,
) {
  const deny = (code: string, id: string): never => refuse(code, `${id} cannot be associated.`);
  const address = addresses.get(AllocationId) ?? deny('InvalidAllocationID.NotFound', AllocationId);
  const instance = launched.find(({ id }) => id === InstanceId) ?? deny('InvalidInstanceID.NotFound', InstanceId);
  const holder = address.held();
  if (holder && holder !== instance.addresses && AllowReassociation !== 'true')
    deny('Resource.AlreadyAssociated', AllocationId);
  address.moveTo(instance.addresses);
  instance.readdressed();
  say('boot', `${AllocationId} moves to ${InstanceId}`);
  return { return: true, associationId: `eipassoc-${AllocationId.slice(9)}` };
}

/** Describes a slot's proxy, on whichever instance it runs. */
export function entrance({ addresses, current }: Proxies, slot: number) {
  const { ports } = addresses[slot - 1] as ElasticIp;
  return {
    ...addressesAt('127.0.0.1', ports),
    haproxyVersion: haproxyVersion(),
    /** The last lines of the instance's console. */
    log: (): readonly string[] => current(slot).console.map(({ text }) => text),
    pid: () => current(slot).pid(),
    reloads: () => current(slot).reloads(),
    /** Reboots the instance, and waits until it serves again. */
    reboot: async (): Promise<void> => {
      await current(slot).reboot();
      const { addresses: own, located } = current(slot);
      // The master's socket is there a moment after the ports.
      if ((await listens(own.http, 15_000)) && (await answers(located('/run/haproxy-master.sock'), 5_000))) return;
      fail('HAProxy does not listen 15 s after a reboot');
    },
  };
}

export type Entrance = ReturnType<typeof entrance>;
