import type { Zones } from '../../aws/route53';
import { changeZone, type Edit, type Failed } from './change-zone';
import { locate } from './locate';
import { type Answer, adding, byRecordSet, removing, type Zone } from './record-sets';
import type { Resolve } from './resolver';
import { routedWords } from './routed';
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
  /** Takes what is no obstacle, but its owner may want to know. */
  readonly say: (words: string) => void;
};

const everyMs = 2_000;
/** Four minutes; Route 53 usually takes less than one (AWS: GetChange). */
const mostAsks = 120;

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
        const failed = (some: readonly Answer[], error: Error) => attempt(some, Promise.reject(error));
        await attempt(
          own,
          write(world, zone, own, failed).catch((error) => oneByOne(world, zone, own, failed, error)),
        );
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
        const failed = async (_: unknown, error: Error) => void faults.push(error);
        await changeZone(world.zones, zone, own, (_, before, values) => removing(before, values), failed).then(
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

const zonesIn = (answers: readonly Answer[]): readonly string[] => [...new Set(answers.map(({ zone }) => zone))];

async function write(world: World, zone: string, answers: readonly Answer[], failed: Failed): Promise<void> {
  const said = new Set<string>();
  const edit: Edit = (name, before, values) => {
    const changes = adding(name, before, values);
    if (before && 'routed' in before && !said.has(name)) world.say(routedWords(before));
    said.add(name);
    return changes;
  };
  const change = await changeZone(world.zones, zone, answers, edit, failed);
  for (let asks = 0; change !== undefined && !(await world.zones.isInSync(change)); asks++) {
    if (asks >= mostAsks)
      throw new Error(`Route 53 did not bring change ${change} in sync within four minutes; try again later`);
    await world.wait(everyMs);
  }
}

/** Route 53 takes a batch whole or not at all: what it refuses for one name must not hold up the others. */
async function oneByOne(world: World, zone: string, answers: readonly Answer[], failed: Failed, refused: Error) {
  const sets = byRecordSet(answers);
  if ((refused.cause as Error | undefined)?.name !== 'InvalidChangeBatch' || sets.length === 1) throw refused;
  for (const set of sets) await write(world, zone, set, failed).catch((error) => failed(set, error));
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
  for (let asks = 0; ; asks++) {
    const shown = await resolve.isShown(nameServers, name, values).catch((error: Error) => error);
    if (shown === true) return;
    if (asks >= mostAsks) throw shown || notShown(zone, nameServers, name);
    await wait(everyMs);
  }
}

const notShown = (zone: string, nameServers: readonly string[], name: string): Error =>
  new Error(
    `the name servers of hosted zone ${zone} (${nameServers.join(', ')}) do not show ${name}; is the zone delegated to them?`,
  );
