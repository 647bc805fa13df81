import {
  ChangeResourceRecordSetsCommand,
  GetChangeCommand,
  GetHostedZoneCommand,
  InvalidChangeBatch,
  ListResourceRecordSetsCommand,
  type ResourceRecordSet,
  type Route53Client,
} from '@aws-sdk/client-route-53';

import type { Change, RecordSet, Zone } from '../certificates/challenge';
import { atNextRun, doing } from './doing';
import { always, alwaysList } from './malformed';

export type Zones = {
  readonly read: (id: string) => Promise<Zone>;
  readonly readText: (zone: string, name: string) => Promise<RecordSet | undefined>;
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

  readText: async (zone, name) => textOf(name, await readSet(client, zone, name, 'TXT')),
  readCname: async (zone, name) => cnameOf(await readSet(client, zone, name, 'CNAME')),
  delegates: async (zone, name) => (await readSet(client, zone, name, 'NS')) !== undefined,

  change: (zone, changes) => {
    const Changes = changes.map(({ action, set: { name, ttlSeconds, values } }) => ({
      Action: action,
      ResourceRecordSet: {
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

/** A list begins at what was asked for, or at the next one where there is no such (AWS: ListResourceRecordSets). */
async function readSet(client: Route53Client, HostedZoneId: string, name: string, type: 'TXT' | 'CNAME' | 'NS') {
  const from = { StartRecordName: name, StartRecordType: type, MaxItems: 1 };
  const listed = client
    .send(new ListResourceRecordSetsCommand({ HostedZoneId, ...from }))
    .then(({ ResourceRecordSets }) => alwaysList('ResourceRecordSets', ResourceRecordSets));
  const [found] = await doing(
    `Reading the ${type} records of ${name} in hosted zone ${HostedZoneId}`,
    listed,
    atNextRun,
  );
  return found !== undefined && dotless(found.Name ?? '') === name && found.Type === type ? found : undefined;
}

function textOf(name: string, found: ResourceRecordSet | undefined): RecordSet | undefined {
  if (found === undefined) return undefined;
  if (found.SetIdentifier !== undefined) {
    throw new Error(`${name} has TXT records with a routing policy, which answer differently; make them simple ones`);
  }
  const values = (found.ResourceRecords ?? []).map(({ Value = '' }) => Value);
  return { name, ttlSeconds: found.TTL ?? 0, values };
}

/** An alias of this type leads to a record of the same zone, which is a CNAME in turn. */
function cnameOf(found: ResourceRecordSet | undefined): string | undefined {
  const target = found?.ResourceRecords?.[0]?.Value ?? found?.AliasTarget?.DNSName;
  return target === undefined ? undefined : dotless(target).toLowerCase();
}

/** Deleting what is not there, and creating what is, are the two ways in which another writer shows. */
function ifChangedMeanwhile(error: Error): undefined {
  const words = error instanceof InvalidChangeBatch ? [error.message, ...(error.messages ?? [])].join(' ') : '';
  // A CNAME beside it "already exists" too, but stays.
  if (/but (it was not found|it already exists|the values provided do not match)/.test(words)) return undefined;
  throw error;
}

const dotless = (name: string): string => name.replace(/\.$/, '');
