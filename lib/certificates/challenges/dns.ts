import type { Run } from '../run';
import { locate, type ReadZones, zoneReader } from './locate';
import {
  type Answer,
  adding,
  byRecordSet,
  type Change,
  type Records,
  removing,
  routedNotice,
  type Zones,
} from './record-sets';
import type { Resolve } from './resolver';

export type Dns = {
  /** @throws when no known zone holds the name to which a challenge leads. */
  readonly locate: (name: string) => Promise<Omit<Answer, 'value'>>;
  /** Adds the answers to DNS, after the journal lists them. Returns those that it could not add; they do not stop the others. */
  readonly show: (answers: readonly Answer[]) => Promise<Faults>;
  /** Removes only answers of the journal, also those of a run that was killed. */
  readonly clean: () => Promise<void>;
};

export type Journal = {
  readonly read: () => Promise<readonly Answer[]>;
  readonly write: (answers: readonly Answer[]) => Promise<void>;
};

type Faults = ReadonlyMap<Answer, Error>;

type Deps = {
  readonly zones: Zones;
  readonly zoneIds: readonly string[];
  readonly resolve: Resolve;
  readonly journal: Journal;
  readonly run: Pick<Run, 'pause'>;
  /** Not a fault, but it may need a person. */
  readonly notice: (text: string) => void;
};

const everyMs = 2_000;
/** Four minutes; Route 53 usually takes less than one (AWS: GetChange). */
const mostAsks = 120;

export function challengeDns(deps: Deps): Dns {
  const readZones = zoneReader(deps.zoneIds, deps.zones.read);
  return {
    locate: (name) => locate(name, { ...deps, readZones }),
    show: (answers) => show(answers, readZones, deps),
    clean: () => clean(deps),
  };
}

async function show(answers: readonly Answer[], readZones: () => Promise<ReadZones>, deps: Deps): Promise<Faults> {
  if (answers.length === 0) return new Map();
  await deps.journal.write([...(await deps.journal.read()), ...answers]);
  const unwritten = new Map<Answer, Error>();
  for (const [zone, own] of byZone(answers))
    for (const [answer, error] of await write(zone, own, deps)) unwritten.set(answer, error);

  const { zones } = await readZones();
  const written = byRecordSet(answers.filter((answer) => !unwritten.has(answer)));
  const unshown = written.map((set) => {
    const { nameServers = [] } = zones.get(set[0]?.zone ?? '') ?? {};
    return untilShown(set, nameServers, deps).then(
      () => [],
      (error) => [...faultOfAll(set, error)],
    );
  });
  return new Map([...unwritten, ...(await Promise.all(unshown)).flat()]);
}

async function clean({ journal, zones, zoneIds }: Deps): Promise<void> {
  const listed = await journal.read();
  if (listed.length === 0) return;
  const done = new Set<string>();
  const faults: Error[] = [];
  for (const [zone, own] of byZone(listed)) {
    await changeZone(zones, zone, own, (_, before, values) => removing(before, values)).then(
      () => done.add(zone),
      (error) => faults.push(error),
    );
  }
  // The next run tries again, except in zones that the settings no longer name: renew may lack the permission forever.
  await journal.write(listed.filter(({ zone }) => !done.has(zone) && zoneIds.includes(zone)));
  if (faults[0]) throw faults[0];
}

function byZone(answers: readonly Answer[]): ReadonlyMap<string, readonly Answer[]> {
  const zones = [...new Set(answers.map(({ zone }) => zone))];
  return new Map(zones.map((zone) => [zone, answers.filter((answer) => answer.zone === zone)]));
}

const faultOfAll = (answers: readonly Answer[], error: Error): Faults =>
  new Map(answers.map((answer) => [answer, error]));

/** Route 53 takes a batch completely or not at all; after a refusal each name is tried alone, so that it stops no other. */
async function write(zone: string, answers: readonly Answer[], deps: Deps): Promise<Faults> {
  const sets = byRecordSet(answers);
  const refused = await writeBatch(zone, answers, deps).catch((error: Error) => error);
  if (!(refused instanceof Error)) return refused;
  const isOfOne = (refused.cause as Error | undefined)?.name === 'InvalidChangeBatch' && sets.length > 1;
  if (!isOfOne) return faultOfAll(answers, refused);
  const faults: [Answer, Error][] = [];
  for (const set of sets)
    faults.push(...(await writeBatch(zone, set, deps).catch((error: Error) => faultOfAll(set, error))));
  return new Map(faults);
}

async function writeBatch(zone: string, answers: readonly Answer[], { zones, run, notice }: Deps): Promise<Faults> {
  const noticed = new Set<string>();
  const { change, faults } = await changeZone(zones, zone, answers, (name, before, values) => {
    const changes = adding(name, before, values);
    if (before && 'routed' in before && !noticed.has(name)) notice(routedNotice(before));
    noticed.add(name);
    return changes;
  });
  for (let asks = 0; change !== undefined && !(await zones.isInSync(change)); asks++) {
    if (asks >= mostAsks)
      throw new Error(`Route 53 did not bring change ${change} in sync within four minutes; try again later`);
    await run.pause(everyMs);
  }
  return faults;
}

type Edit = (name: string, before: Records | undefined, values: readonly string[]) => readonly Change[];

const mostTries = 5;

/** Tries again when another writer came between. Returns faults for record sets that cannot be edited. */
async function changeZone(
  zones: Pick<Zones, 'readText' | 'change'>,
  zone: string,
  answers: readonly Answer[],
  edit: Edit,
): Promise<{ readonly change: string | undefined; readonly faults: Faults }> {
  for (let tries = 0; tries < mostTries; tries++) {
    const changes: Change[] = [];
    const faults: [Answer, Error][] = [];
    for (const set of byRecordSet(answers)) {
      const name = set[0]?.name ?? '';
      const before = await zones.readText(zone, name);
      try {
        const values = set.map(({ value }) => value);
        changes.push(...edit(name, before, values));
      } catch (error) {
        faults.push(...faultOfAll(set, error as Error));
      }
    }
    const change = changes.length > 0 ? await zones.change(zone, changes) : undefined;
    if (change !== undefined || changes.length === 0) return { change, faults: new Map(faults) };
  }
  throw new Error(
    `the TXT records of hosted zone ${zone} change faster than they can be written; find out which other program writes them`,
  );
}

async function untilShown(
  set: readonly Answer[],
  nameServers: readonly string[],
  { resolve, run }: Deps,
): Promise<void> {
  const { zone = '', name = '' } = set[0] ?? {};
  const values = set.map(({ value }) => value);
  for (let asks = 0; ; asks++) {
    const shown = await resolve.isShown(nameServers, name, values).catch((error: Error) => error);
    if (shown === true) return;
    if (asks >= mostAsks) throw shown || notShown(zone, nameServers, name);
    await run.pause(everyMs);
  }
}

const notShown = (zone: string, nameServers: readonly string[], name: string): Error =>
  new Error(
    `the name servers of hosted zone ${zone} (${nameServers.join(', ')}) do not show ${name}; is the zone delegated to them?`,
  );
