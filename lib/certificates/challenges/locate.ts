import { type Answer, type Zone, type Zones, zoneOf } from './record-sets';
import type { Resolve } from './resolver';

/** An unreadable zone matters only when no readable one holds a name. */
export type ReadZones = { readonly zones: ReadonlyMap<string, Zone>; readonly faults: readonly Error[] };

type Deps = {
  readonly zones: Pick<Zones, 'readCname' | 'delegates'>;
  readonly resolve: Pick<Resolve, 'cname'>;
  readonly readZones: () => Promise<ReadZones>;
};

const mostCnames = 8;

/**
 * Follows a challenge's CNAMEs to the zone that holds it. Known zones are read at Route 53, because DNS would also answer with a wildcard's
 * CNAME, which no longer counts once the name exists (RFC 4592, section 2.2.1). @throws when no known zone holds it.
 */
export async function locate(name: string, deps: Deps): Promise<Omit<Answer, 'value'>> {
  const { zones, faults } = await deps.readZones();
  let at = name;
  for (let hops = 0; hops < mostCnames; hops++) {
    const zone = await findHolder(at, [...zones.values()], deps);
    const next = zone ? await deps.zones.readCname(zone.id, at) : await deps.resolve.cname(at);
    if (zone && next === undefined) return { zone: zone.id, name: at };
    if (next === undefined) throw faults[0] ?? notInZones(name, at);
    at = next;
  }
  throw new Error(`the CNAMEs of ${name} make a chain without end, now at ${at}; correct them`);
}

/** Returns `undefined` also when the zone delegates the name, or one above it, to a zone that is not known. */
async function findHolder(name: string, zones: readonly Zone[], deps: Deps): Promise<Zone | undefined> {
  const zone = zoneOf(name, zones);
  if (zone === undefined) return undefined;
  for (let above = name; above !== zone.name; above = above.replace(/^[^.]*\./, ''))
    if (await deps.zones.delegates(zone.id, above)) return undefined;
  return zone;
}

function notInZones(name: string, target: string): Error {
  const leads = target === name ? name : `${name} leads to ${target}, which`;
  return new Error(`${leads} is in no public hosted zone of the settings; add its zone’s id to challengeZones`);
}

/** Reads each zone once; a failure is not remembered. */
export function zoneReader(ids: readonly string[], read: Zones['read']): () => Promise<ReadZones> {
  const zones = new Map<string, Zone>();
  return async () => {
    const faults: Error[] = [];
    for (const id of ids.filter((id) => !zones.has(id))) {
      await read(id).then(
        (zone) => zones.set(id, zone),
        (error) => faults.push(error),
      );
    }
    return { zones, faults };
  };
}
