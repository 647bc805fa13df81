import { type Evidence, readEvidence, settle } from './fleet/evidence';
import type { Fleet, Witness } from './fleet/fleet';
import { isReflected, noteReflected, type Reflected } from './fleet/reflected';
import type { Task } from './fleet/task';
import { renderListable } from './generation/capacity';
import type { Certificate, Generation } from './generation/generation';
import { type Plan, plan } from './generation/plan';
import type { Backend } from './haproxy/backend';
import type { File } from './haproxy/render';
import { printable } from './printable';
import { warnedSeconds } from './routes/memory';
import { unreadFaults } from './routes/missing';
import { overlaps } from './routes/overlaps';
import { decideRoutes, type Routes } from './routes/routes';

/** What the proxies were last told, and what else Parameter Store knows. */
export type Published = {
  /** The version of `haproxy/current`; 0 before the first. */
  readonly number: number;
  readonly generation?: Generation;
  readonly backends: readonly Backend[];
  /** The certificates that are stored now, published or not. */
  readonly certificates: readonly Certificate[];
  /** What could not be read, and what becomes of it, in words. */
  readonly faults: readonly string[];
};

/** What reconciling needs from the outside world. */
export type Deps = {
  /** `afresh`: also what was read before, for somebody may have deleted it. */
  readonly readPublished: (afresh: boolean) => Promise<Published>;
  /**
   * Describes everything that is listed, and these tasks (ids by cluster) besides; then what the running ones among them
   * need, after `settle` has said which those are.
   */
  readonly readFleet: (
    alsoDescribe: ReadonlyMap<string, readonly string[]>,
    settle: (described: readonly Task[]) => readonly Task[],
  ) => Promise<Fleet>;
  readonly readWitness: (services: readonly string[]) => Promise<Witness>;
  /** Writes the changed files, then `current`; returns the number of the new generation. */
  readonly publish: (changed: readonly File[], all: readonly File[], published: Published) => Promise<number>;
  /** Tells every proxy to be at least at this generation. */
  readonly nudge: (generation: number) => Promise<void>;
  /** Looks at the entrance from outside, and tells. Never fails. */
  readonly probe: () => Promise<void>;
  readonly now: () => number;
};

/** One message of the queue: its body, and how often it was received. */
export type Message = { readonly body: string; readonly receives: number };

/** What was done and why, in words: fit for a log. */
export type Outcome = {
  readonly action: Plan['action'];
  readonly reason: string;
  readonly generation?: number;
  readonly faults: readonly string[];
  /** Services that share a host, which is allowed. */
  readonly overlaps?: readonly string[];
};

/**
 * Brings the proxies to what ECS runs: read, decide, act. Safe to repeat, in any order.
 *
 * @throws when ECS contradicts itself, after publishing what is certain, so that the batch comes again in seconds.
 */
export async function reconcile(
  messages: readonly Message[],
  deps: Deps,
  reflected: Reflected = { tasks: new Map() },
): Promise<Outcome> {
  const evidence = readEvidence(messages.map(({ body }) => body));
  // A message that comes again may belong to a run that published and then failed to nudge.
  const again = messages.some(({ receives }) => receives > 1);
  if (!again && isReflected(evidence, reflected)) {
    return { action: 'keep', reason: 'a run before has already acted upon these events', faults: [] };
  }
  const published = await deps.readPublished(evidence.tick);
  const running = new Set(published.backends.flatMap(({ servers }) => servers.map(({ name }) => name)));
  const fleet = await deps.readFleet(worthDescribing(evidence, published), (described) =>
    settle(described, evidence, running, deps.now()),
  );

  const routes = await decide(fleet, evidence, published, deps);
  const certified = published.certificates.flatMap(({ names }) => names);
  const { files, leftOut } = renderListable(
    { backends: routes.backends, certified },
    published.certificates,
    published.generation,
  );
  const decision = plan(published.generation, { files, certificates: published.certificates, doubts: routes.doubts });

  const generation =
    decision.action === 'publish' ? await deps.publish(decision.changed, files, published) : published.number;
  if (decision.action === 'publish' || evidence.tick || again) await deps.nudge(generation);
  if (evidence.tick) await deps.probe();
  if (routes.doubts.length > 0) throw new Error(printable(`Will look again in seconds: ${decision.reason}`));
  noteReflected(fleet, reflected);
  return {
    action: decision.action,
    reason: decision.reason,
    generation,
    faults: [...evidence.faults, ...published.faults, ...faultsOf(fleet, routes, leftOut, published)].map(printable),
    overlaps: overlaps(routes.backends.filter((backend) => !leftOut.includes(backend))),
  };
}

/** What is wrong and not served, in sentences. */
const faultsOf = (
  fleet: Fleet,
  { faults }: Routes,
  leftOut: readonly Backend[],
  { backends }: Published,
): readonly string[] => [
  ...fleet.missingClusters.map(
    (name) => `cluster ${name} does not exist, so nothing of it is served; mend the setting, or make it`,
  ),
  ...leftOut
    .filter(({ routes }) => routes.length > 0)
    .map(({ name }) => `${name} is one too many for this stage and not served; serve it from another stage`),
  ...faults.map(({ message }) => message),
  ...unreadFaults(fleet, backends),
];

/** Asks the services for their own count only when something seems to be lost. */
async function decide(fleet: Fleet, evidence: Evidence, { backends }: Published, deps: Deps): Promise<Routes> {
  // A cluster that was taken out of the settings is no longer asked, and no longer served.
  const published = backends.filter(({ cluster }) => fleet.clusters.includes(cluster));
  const recent = evidence.warned.filter(({ at }) => deps.now() - at < warnedSeconds * 1000);
  const warned = new Set(recent.map(({ instanceId }) => instanceId));
  const look = { fleet, published, warned, now: Math.floor(deps.now() / 1000) };
  const first = decideRoutes(look);
  return first.doubts.length === 0 ? first : decideRoutes({ ...look, witness: await deps.readWitness(first.doubts) });
}

/** Tasks to describe though nobody may list them: those the batch names, and those that are published. */
function worthDescribing(evidence: Evidence, { backends }: Published): ReadonlyMap<string, readonly string[]> {
  const published = backends.flatMap(({ cluster, servers }) => servers.map(({ name }) => ({ cluster, id: name })));
  const byCluster = new Map<string, string[]>();
  for (const { cluster, id } of [...evidence.tasks, ...published]) {
    byCluster.set(cluster, [...(byCluster.get(cluster) ?? []), id]);
  }
  return byCluster;
}
