import type { Zones } from '../../aws/route53';
import { type Answer, byRecordSet, type Change, type Records } from './record-sets';

export type Edit = (name: string, before: Records | undefined, values: readonly string[]) => readonly Change[];
/** Takes the answers of one record set that cannot be changed. */
export type Failed = (some: readonly Answer[], error: Error) => Promise<void>;

/** How often others may write just between our reading and writing. */
const mostTries = 5;

/** Reads and writes in one go, again when another writer came between. */
export async function changeZone(
  zones: Pick<Zones, 'readText' | 'change'>,
  zone: string,
  answers: readonly Answer[],
  edit: Edit,
  failed: Failed,
): Promise<string | undefined> {
  for (let tries = 0; tries < mostTries; tries++) {
    const changes: Change[] = [];
    for (const set of byRecordSet(answers)) {
      const name = set[0]?.name ?? '';
      const values = set.map(({ value }) => value);
      const before = await zones.readText(zone, name);
      try {
        changes.push(...edit(name, before, values));
      } catch (error) {
        await failed(set, error as Error);
      }
    }
    if (changes.length === 0) return undefined;
    const id = await zones.change(zone, changes);
    if (id !== undefined) return id;
  }
  throw new Error(
    `the TXT records of hosted zone ${zone} change faster than they can be written; find out who else writes them`,
  );
}
