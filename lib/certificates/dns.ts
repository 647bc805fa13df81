import type { Zones } from '../aws/route53';
import { type Answer, adding, byRecordSet, type Change, type RecordSet, removing, type Zone } from './challenge';
import { locate } from './locate';
import type { Resolve } from './resolver';
import { zoneReader } from './zones';

export type Dns = {
  /** Where a challenge's name leads, and the zone that holds it. @throws in words when no known zone does. */
  readonly locate: (name: string) => Promise<Omit<Answer, 'value'>>;
  /**
   * Shows the answers to the whole world, beside whatever else is there. They are in the journal before they are in DNS.
   * Gives those that it could not show, and why: they hold up no others.
   */
  readonly show: (answers: readonly Answer[]) => Promise<ReadonlyMap<Answer, Error>>;
  /** Takes away everything the journal lists, and nothing else, also what a run left behind that was ended. */
  readonly clean: () => Promise<void>;
};

export type Journal = {
  readonly read: () => Promise<readonly Answer[]>;
  readonly write: (answers: readonly Answer[]) => Promise<void>;
};

type World = {
  readonly zones: Zones;
  readonly zoneIds: readonly string[];
  readonly resolve: Resolve;
  readonly journal: Journal;
  /** @throws when the run has no time left. */
  readonly wait: (milliseconds: number) => Promise<void>;
};

const everyMs = 2_000;
/** Four minutes; Route 53 usually takes less than one (AWS: GetChange). */
const mostAsks = 120;
/** How often others may write just between our reading and writing. */
const mostTries = 5;

/** Answers to challenges in Route 53. */
export function challengeDns(world: World): Dns {
  const readZones = zoneReader(world.zoneIds, world.zones.read);
  return {
    locate: (name) => locate(name, { ...world, readZones }),
    show: async (answers) => {
      await world.journal.write([...(await world.journal.read()), ...answers]);
      const faults = new Map<Answer, Error>();
      const attempt = (some: readonly Answer[], shown: Promise<void>) =>
        shown.catch((error) => {
          for (const answer of some) faults.set(answer, error);
        });
      for (const zone of zonesIn(answers)) {
        const own = answers.filter((answer) => answer.zone === zone);
        await attempt(own, write(world, zone, own));
      }
      const { zones } = await readZones();
      const written = byRecordSet(answers.filter((answer) => !faults.has(answer)));
      await Promise.all(written.map((set) => attempt(set, untilShown(world, set, zones))));
      return faults;
    },
    clean: async () => {
      const listed = await world.journal.read();
      if (listed.length === 0) return;
      const [done, faults] = [new Set<string>(), [] as Error[]];
      for (const zone of zonesIn(listed)) {
        const own = listed.filter((answer) => answer.zone === zone);
        await changeZone(world, zone, own, (_, before, values) => removing(before, values)).then(
          () => done.add(zone),
          (error) => faults.push(error),
        );
      }
      // What could not be removed stays listed, for the next run; where the settings no longer lead, it is told of once.
      await world.journal.write(listed.filter(({ zone }) => !done.has(zone) && world.zoneIds.includes(zone)));
      if (faults[0]) throw faults[0];
    },
  };
}

type Edit = (name: string, before: RecordSet | undefined, values: readonly string[]) => readonly Change[];

const zonesIn = (answers: readonly Answer[]): readonly string[] => [...new Set(answers.map(({ zone }) => zone))];

async function write(world: World, zone: string, answers: readonly Answer[]): Promise<void> {
  const change = await changeZone(world, zone, answers, adding);
  for (let asks = 0; change !== undefined && !(await world.zones.isInSync(change)); asks++) {
    if (asks >= mostAsks)
      throw new Error(`Route 53 did not bring change ${change} in sync within four minutes; try again later`);
    await world.wait(everyMs);
  }
}

/** Reads and writes in one go, again when another writer came between. */
async function changeZone(
  world: World,
  zone: string,
  answers: readonly Answer[],
  edit: Edit,
): Promise<string | undefined> {
  for (let tries = 0; tries < mostTries; tries++) {
    const changes: Change[] = [];
    for (const set of byRecordSet(answers)) {
      const name = set[0]?.name ?? '';
      const values = set.map(({ value }) => value);
      changes.push(...edit(name, await world.zones.readText(zone, name), values));
    }
    if (changes.length === 0) return undefined;
    const id = await world.zones.change(zone, changes);
    if (id !== undefined) return id;
  }
  throw new Error(
    `the TXT records of hosted zone ${zone} change faster than they can be written; find out who else writes them`,
  );
}

/** @param set answers of one record set */
async function untilShown(
  { resolve, wait }: World,
  set: readonly Answer[],
  zones: ReadonlyMap<string, Zone>,
): Promise<void> {
  const { zone = '', name = '' } = set[0] ?? {};
  const { nameServers = [] } = zones.get(zone) ?? {};
  const values = set.map(({ value }) => value);
  for (let asks = 0; !(await resolve.isShown(nameServers, name, values)); asks++) {
    if (asks >= mostAsks)
      throw new Error(
        `the name servers of hosted zone ${zone} (${nameServers.join(', ')}) do not show ${name}; is the zone delegated to them?`,
      );
    await wait(everyMs);
  }
}
