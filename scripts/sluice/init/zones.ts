import { type HostedZone, paginateListHostedZones, Route53Client } from '@aws-sdk/client-route-53';

import { advice, reason } from '../refusal';
import type { Deps } from '../verb';

const { blocked } = require('../../../resources/preflight/refusals.cjs') as {
  blocked: (error: Error, region: string) => string | undefined;
};

export type Zone = { readonly id: string; readonly name: string; readonly says: string };
/** `unseen` says why the account's zones could not be listed. */
export type Zones = { readonly zones: readonly Zone[]; readonly unseen?: string };

/** An account with more has a person who knows the zone's id. */
const most = 500;

/** The public hosted zones of the account, if AWS lets this user list them. */
export async function publicZones({ config }: Pick<Deps, 'config'>, region: string): Promise<Zones> {
  const found: HostedZone[] = [];
  try {
    for await (const page of paginateListHostedZones({ client: new Route53Client(config(region)) }, {})) {
      found.push(...(page.HostedZones ?? []));
      if (found.length >= most) break;
    }
  } catch (error) {
    return { zones: [], unseen: unseen(error as Error, region) };
  }
  const zones = found.filter(({ Config }) => Config?.PrivateZone !== true).map(zoneOf);
  return { zones: zones.sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

const unseen = (error: Error, region: string) =>
  blocked(error, region) ?? `${reason(error)}. ${advice(error, 'docs/deploy-policy.json')}.`;

const zoneOf = ({ Id = '', Name = '', ResourceRecordSetCount, Config }: HostedZone): Zone => ({
  id: Id.replace(/^\/?hostedzone\//, ''),
  name: Name.replace(/\.$/, ''),
  says: `${ResourceRecordSetCount ?? '?'} records${Config?.Comment ? `, ${Config.Comment}` : ''}`,
});

/** The zones of the longest name that holds a domain: itself, or one above it. Several zones may have one name. */
export function holding(domain: string, zones: readonly Zone[]): readonly Zone[] {
  const above = zones.filter(({ name }) => domain === name || domain.endsWith(`.${name}`));
  const longest = Math.max(...above.map(({ name }) => name.length));
  return above.filter(({ name }) => name.length === longest);
}
