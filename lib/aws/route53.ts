import {
  ChangeResourceRecordSetsCommand,
  GetChangeCommand,
  GetHostedZoneCommand,
  InvalidChangeBatch,
  ListResourceRecordSetsCommand,
  type ResourceRecordSet,
  type Route53Client,
} from '@aws-sdk/client-route-53';

import type { Change, RecordSet, Records, Zone, Zones } from '../certificates/challenges/record-sets';
import { always, alwaysList, atNextRun, doing } from './calls';

/** Route 53 takes five calls a second; the client retries. */
export const route53 = (client: Route53Client): Zones => ({
  read: (id) => readZone(client, id),
  readText: async (zone, name) => textOf(name, await readSets(client, zone, name, 'TXT', 100)),
  readCname: async (zone, name) => cnameOf((await readSets(client, zone, name, 'CNAME', 1))[0]),
  delegates: async (zone, name) => (await readSets(client, zone, name, 'NS', 1)).length > 0,
  change: (zone, changes) => change(client, zone, changes),
  isInSync: (Id) => {
    const asked = client.send(new GetChangeCommand({ Id }));
    const isInSync = asked.then(({ ChangeInfo }) => always('ChangeInfo.Status', ChangeInfo?.Status) === 'INSYNC');
    return doing(`Asking about change ${Id} of Route 53`, isInSync, atNextRun);
  },
});

function readZone(client: Route53Client, Id: string): Promise<Zone> {
  const read = client.send(new GetHostedZoneCommand({ Id })).then(({ HostedZone, DelegationSet }) => {
    const { Name, Config } = always('HostedZone', HostedZone);
    return {
      id: Id,
      name: dotless(always('Name', Name)),
      isPrivate: Config?.PrivateZone ?? false,
      nameServers: (DelegationSet?.NameServers ?? []).map(dotless),
    };
  });
  return doing(`Reading hosted zone ${Id}`, read, atNextRun);
}

function change(client: Route53Client, zone: string, changes: readonly Change[]): Promise<string | undefined> {
  const Changes = changes.map(({ action, set: { name, ttlSeconds, values, policy } }) => ({
    Action: action,
    ResourceRecordSet: {
      ...(policy as Partial<ResourceRecordSet>),
      Name: name,
      Type: 'TXT' as const,
      TTL: ttlSeconds,
      ResourceRecords: values.map((Value) => ({ Value })),
    },
  }));
  const ChangeBatch = { Comment: 'sluice: an ACME challenge', Changes };
  const sent = client
    .send(new ChangeResourceRecordSetsCommand({ HostedZoneId: zone, ChangeBatch }))
    .then(({ ChangeInfo }) => always('ChangeInfo.Id', ChangeInfo?.Id).replace(/^.*\//, ''))
    .catch(ifChangedMeanwhile);
  const names = [...new Set(changes.map(({ set }) => set.name))].join(', ');
  return doing(`Changing the TXT records of ${names} in hosted zone ${zone}`, sent, atNextRun);
}

type Type = 'TXT' | 'CNAME' | 'NS';

/** AWS lists from the requested record set, or from the next one if it does not exist (AWS: ListResourceRecordSets). */
async function readSets(client: Route53Client, HostedZoneId: string, name: string, type: Type, MaxItems: number) {
  const found: ResourceRecordSet[] = [];
  for (let identifier: string | undefined; ; ) {
    const from = { StartRecordName: name, StartRecordType: type, StartRecordIdentifier: identifier, MaxItems };
    const listed = client.send(new ListResourceRecordSetsCommand({ HostedZoneId, ...from }));
    const what = `Reading the ${type} records of ${name} in hosted zone ${HostedZoneId}`;
    const page = await doing(
      what,
      listed.then((answer) => ({ ...answer, sets: alwaysList('ResourceRecordSets', answer.ResourceRecordSets) })),
      atNextRun,
    );
    const own = page.sets.filter(({ Name, Type }) => dotless(Name ?? '') === name && Type === type);
    found.push(...own);
    identifier = page.NextRecordIdentifier;
    if (own.length < page.sets.length || !page.IsTruncated || identifier === undefined) return found;
  }
}

function textOf(name: string, found: readonly ResourceRecordSet[]): Records | undefined {
  const routed = found.map(({ Name: _, Type: __, TTL = 0, ResourceRecords = [], ...policy }) => {
    return { name, ttlSeconds: TTL, values: ResourceRecords.map(({ Value = '' }) => Value), policy };
  });
  const [first] = routed;
  if (first === undefined || Object.values(first.policy).some((value) => value !== undefined))
    return first && { name, routed };
  const { policy: _, ...simple } = first;
  return simple satisfies RecordSet;
}

/** An alias of this type leads to another CNAME of the same zone. */
function cnameOf(found: ResourceRecordSet | undefined): string | undefined {
  const target = found?.ResourceRecords?.[0]?.Value ?? found?.AliasTarget?.DNSName;
  return target === undefined ? undefined : dotless(target).toLowerCase();
}

/** After another writer, what is deleted does not exist, or what is created does. */
function ifChangedMeanwhile(error: Error): undefined {
  const words = error instanceof InvalidChangeBatch ? [error.message, ...(error.messages ?? [])].join(' ') : '';
  // The message about a CNAME beside it has these words too, but another try would not help. The last ones are about routed sets.
  if (/but (it was not found|it already exists|the values provided do not match)/.test(words)) return undefined;
  if (/cannot be created (as|because) .* exists? with the same name and type/.test(words)) return undefined;
  throw error;
}

const dotless = (name: string): string => name.replace(/\.$/, '');
