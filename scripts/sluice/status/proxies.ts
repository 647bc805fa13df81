import { DescribeAddressesCommand } from '@aws-sdk/client-ec2';
import { paginateDescribeInstanceInformation } from '@aws-sdk/client-ssm';
import type { Stage } from '../stage';
import { type Check, fine, wrong } from './check';
import type { Clients } from './clients';

export type SeenProxy = {
  readonly slot: string;
  /** The public address. */
  readonly address: string;
  /** The instance that has the address. */
  readonly instance?: string;
  /** The state of its agent in Systems Manager, such as `Online`. */
  readonly agent?: string;
};

/** The proxies of a stage, in the order of their slots. */
export async function findProxies(clients: Clients, stage: Stage): Promise<readonly SeenProxy[]> {
  const addresses = await findAddresses(clients, stage);
  const agents = await findAgents(clients, stage);
  return addresses.map((proxy) => {
    const agent = agents.get(proxy.instance ?? '');
    return agent ? { ...proxy, agent } : proxy;
  });
}

/** The addresses, without the agents' states. */
export async function findAddresses({ ec2 }: Clients, { stage }: Stage): Promise<readonly SeenProxy[]> {
  const tag = { Name: 'tag:SluiceProxy', Values: [stage] };
  const { Addresses = [] } = await ec2.send(new DescribeAddressesCommand({ Filters: [tag] }));
  const proxies = Addresses.map(({ PublicIp = '', InstanceId, Tags = [] }): SeenProxy => {
    const slot = /\d+$/.exec(Tags.find(({ Key }) => Key === 'Name')?.Value ?? '')?.[0] ?? '?';
    return { slot, address: PublicIp, ...(InstanceId && { instance: InstanceId }) };
  });
  return proxies.sort((a, b) => (a.slot < b.slot ? -1 : 1));
}

async function findAgents({ ssm }: Clients, { stage }: Stage): Promise<ReadonlyMap<string, string>> {
  const agents = new Map<string, string>();
  const Filters = [{ Key: 'tag:SluiceProxy', Values: [stage] }];
  for await (const { InstanceInformationList = [] } of paginateDescribeInstanceInformation(
    { client: ssm },
    { Filters },
  ))
    for (const { InstanceId = '', PingStatus = '' } of InstanceInformationList) agents.set(InstanceId, PingStatus);
  return agents;
}

export const isOnline = (proxy: SeenProxy): proxy is SeenProxy & { readonly instance: string } =>
  proxy.instance !== undefined && proxy.agent === 'Online';

/** Instance there, and agent online. */
export const instanceChecks = (proxies: readonly SeenProxy[], { stage, group, aws }: Stage): readonly Check[] =>
  proxies.length === 0
    ? [
        wrong(
          'proxies',
          `stage ${stage} has no proxies here`,
          'name the --stage and --region that you deployed, or deploy it',
        ),
      ]
    : proxies.map((proxy) => {
        const { slot, address, instance, agent = 'not registered' } = proxy;
        const what = `proxy ${slot}`;
        if (!instance)
          return wrong(
            what,
            `no instance has ${address}`,
            `${activities(aws, group(slot))} shows why; a boot takes five minutes`,
          );
        if (isOnline(proxy)) return fine(what, `${instance} has ${address}, its agent is online`);
        return wrong(
          what,
          `${instance} has ${address}, but its agent is ${agent}`,
          `wait five minutes if it boots; else ${end(aws, instance)}`,
        );
      });

const activities = (aws: Stage['aws'], group: string) =>
  aws(`autoscaling describe-scaling-activities --auto-scaling-group-name ${group}`);
const end = (aws: Stage['aws'], id: string) =>
  `${aws(`ec2 terminate-instances --instance-ids ${id}`)}: its successor serves the published state`;
