import type { Zones } from '../../aws/route53';
import { type Answer, type Zone, zoneOf } from './record-sets';
import type { Resolve } from './resolver';
import type { ReadZones } from './zones';

type World = {
  readonly zones: Pick<Zones, 'readCname' | 'delegates'>;
  readonly resolve: Pick<Resolve, 'cname'>;
  readonly readZones: () => Promise<ReadZones>;
};

const mostCnames = 8;

/**
 * Where a challenge's CNAMEs lead, and the zone that holds it. Zones of the settings are read themselves: DNS would also tell the
 * CNAME of a wildcard, which holds no longer once the name itself is there (RFC 4592, section 2.2.1).
 *
 * @throws in words when no known zone holds it.
 */
export async function locate(name: string, world: World): Promise<Omit<Answer, 'value'>> {
  const { zones, faults } = await world.readZones();
  let at = name;
  for (let hops = 0; hops < mostCnames; hops++) {
    const zone = await holder(at, [...zones.values()], world);
    const next = zone ? await world.zones.readCname(zone.id, at) : await world.resolve.cname(at);
    if (zone && next === undefined) return { zone: zone.id, name: at };
    if (next === undefined) throw faults[0] ?? nowhere(name, at);
    at = next;
  }
  throw new Error(`the CNAMEs of ${name} lead on and on, now to ${at}; mend them`);
}

/** None where the zone delegates the name, or one above it, to a zone that is not known. */
async function holder(name: string, zones: readonly Zone[], world: World): Promise<Zone | undefined> {
  const zone = zoneOf(name, zones);
  if (zone === undefined) return undefined;
  for (let above = name; above !== zone.name; above = above.replace(/^[^.]*\./, ''))
    if (await world.zones.delegates(zone.id, above)) return undefined;
  return zone;
}

function nowhere(name: string, target: string): Error {
  const leads = target === name ? name : `${name} leads to ${target}, which`;
  return new Error(`${leads} is in no public hosted zone of the settings; add its zone’s id to challengeZones`);
}
