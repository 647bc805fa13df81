import {
  ChangeResourceRecordSetsCommand,
  GetChangeCommand,
  GetHostedZoneCommand,
  InvalidChangeBatch,
  ListResourceRecordSetsCommand,
  type ResourceRecordSet,
  type Route53Client,
} from '@aws-sdk/client-route-53';

import type { Change, RecordSet, Records, Zone } from '../certificates/challenges/record-sets';
import { always, alwaysList, atNextRun, doing } from './calls';

export type Zones = {
  readonly read: (id: string) => Promise<Zone>;
  readonly readText: (zone: string, name: string) => Promise<Records | undefined>;
  /** Where a record of exactly this name leads, in lower case: never a wildcard's. */
  readonly readCname: (zone: string, name: string) => Promise<string | undefined>;
  /** Whether the zone's records leave a name, and all below it, to other name servers. */
  readonly delegates: (zone: string, name: string) => Promise<boolean>;
  /** All of it, or nothing: `undefined` when the record sets are no longer what was read. Else the change's id. */
  readonly change: (zone: string, changes: readonly Change[]) => Promise<string | undefined>;
  /** Whether all name servers of Route 53 know a change. */
  readonly isInSync: (change: string) => Promise<boolean>;
};

/** Hosted zones and their records. The client retries what is throttled: Route 53 takes five calls a second. */
export const route53 = (client: Route53Client): Zones => ({
  read: (Id) =>
    doing(
      `Reading hosted zone ${Id}`,
      client.send(new GetHostedZoneCommand({ Id })).then(({ HostedZone, DelegationSet }) => {
        const { Name, Config } = always('HostedZone', HostedZone);
        return {
          id: Id,
          name: dotless(always('Name', Name)),
          isPrivate: Config?.PrivateZone ?? false,
          nameServers: (DelegationSet?.NameServers ?? []).map(dotless),
        };
      }),
      atNextRun,
    ),

  readText: async (zone, name) => textOf(name, await readSets(client, zone, name, 'TXT', 100)),
  readCname: async (zone, name) => cnameOf((await readSets(client, zone, name, 'CNAME', 1))[0]),
  delegates: async (zone, name) => (await readSets(client, zone, name, 'NS', 1)).length > 0,

  change: (zone, changes) => {
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
    const names = [...new Set(changes.map(({ set }) => set.name))].join(', ');
    const sent = client
      .send(
        new ChangeResourceRecordSetsCommand({
          HostedZoneId: zone,
          ChangeBatch: { Comment: 'sluice: an ACME challenge', Changes },
        }),
      )
      .then(({ ChangeInfo }) => always('ChangeInfo.Id', ChangeInfo?.Id).replace(/^.*\//, ''))
      .catch(ifChangedMeanwhile);
    return doing(`Changing the TXT records of ${names} in hosted zone ${zone}`, sent, atNextRun);
  },

  isInSync: (Id) =>
    doing(
      `Asking about change ${Id} of Route 53`,
      client.send(new GetChangeCommand({ Id })).then(({ ChangeInfo }) => {
        return always('ChangeInfo.Status', ChangeInfo?.Status) === 'INSYNC';
      }),
      atNextRun,
    ),
});

type Type = 'TXT' | 'CNAME' | 'NS';

/** A list begins at what was asked for, or at the next one where there is no such (AWS: ListResourceRecordSets). */
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

/** One simple set is what a name has as a rule; anything else answers by a policy, or as an alias. */
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

/** An alias of this type leads to a record of the same zone, which is a CNAME in turn. */
function cnameOf(found: ResourceRecordSet | undefined): string | undefined {
  const target = found?.ResourceRecords?.[0]?.Value ?? found?.AliasTarget?.DNSName;
  return target === undefined ? undefined : dotless(target).toLowerCase();
}

/** Deleting what is not there, and creating what is, are the two ways in which another writer shows. */
function ifChangedMeanwhile(error: Error): undefined {
  const words = error instanceof InvalidChangeBatch ? [error.message, ...(error.messages ?? [])].join(' ') : '';
  // A CNAME beside it "already exists" too, but stays. The last are of another kind of record sets.
  if (/but (it was not found|it already exists|the values provided do not match)/.test(words)) return undefined;
  if (/cannot be created (as|because) .* exists? with the same name and type/.test(words)) return undefined;
  throw error;
}

const dotless = (name: string): string => name.replace(/\.$/, '');
