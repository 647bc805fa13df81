import type { Zone } from './record-sets';

/** The zones that could be read, and why others could not: these matter only where no other answers for a name. */
export type ReadZones = { readonly zones: ReadonlyMap<string, Zone>; readonly faults: readonly Error[] };

/** Reads each zone once. A failure is not remembered. */
export function zoneReader(ids: readonly string[], read: (id: string) => Promise<Zone>): () => Promise<ReadZones> {
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
