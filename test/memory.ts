import type { Published } from '../lib/decide';
import { nothingKept, parseKept } from '../lib/faults/faults';
import type { Mail } from '../lib/faults/tell';
import type { Fleet } from '../lib/fleet/fleet';
import { sha256 } from '../lib/generation/generation';
import { parseBackend } from '../lib/haproxy/backend';
import type { File } from '../lib/haproxy/render';
import { usualSettings } from '../lib/haproxy/stage';
import type { Deps } from '../lib/reconcile';

/** Parameter Store and ECS that remember: the contracts of lib/aws, without AWS. */
export function inMemory(initial: Fleet, witness = new Map<string, number>()) {
  let published: Published = { number: 0, backends: [], certificates: [], faults: [], kept: nothingKept };
  let files: readonly File[] = [];
  const backends = () => files.filter(({ name }) => name.startsWith('50-')).map(({ text }) => parseBackend(text));
  const world = { fleet: initial, now: 1_000_000, nudged: [] as number[], probed: 0, described: [] as unknown[] };
  const told = { mails: [] as Mail[], counted: [] as number[] };
  const deps: Deps = {
    settings: usualSettings,
    readPublished: async () => published,
    readTasks: async (also) => {
      world.described.push(await also);
      return world.fleet;
    },
    readSurroundings: async () => ({ ...world.fleet, unread: [] }),
    readWitness: async () => witness,
    publish: async (_, all) => {
      files = all;
      const pieces = all.map(({ name, text }) => ({ name, sha256: sha256(text), versions: [1] }));
      const generation = { files: pieces, certificates: [] };
      published = { ...published, number: published.number + 1, generation, backends: backends() };
      return published.number;
    },
    nudge: async (generation) => void world.nudged.push(generation),
    stage: { name: 'dev', region: 'eu-west-2' },
    ...{ readServices: async () => new Map(), readEnded: async () => new Map() },
    keepFaults: async (text) => {
      published = { ...published, kept: parseKept(text).kept };
    },
    mail: async (mail) => void told.mails.push(mail),
    countFaults: (count) => void told.counted.push(count),
    probe: async () => void world.probed++,
    now: () => world.now,
  };
  return Object.assign(world, told, {
    kept: () => published.kept,
    deps,
    /** The servers of each published backend. */
    servers: () => Object.fromEntries(backends().map((each) => [each.name, each.servers.map(({ name }) => name)])),
  });
}
