import { decide, type Published, type Deps as ReadDeps } from './decide';
import { type Deps as TellDeps, tellFaults } from './faults/tell';
import { type Evidence, isReflected, noteReflected, type Reflected, readEvidence } from './fleet/evidence';
import { type Fleet, isService, serviceKey } from './fleet/fleet';
import type { File } from './haproxy/render';
import { cut, printable } from './printable';
import { overlaps, type Routes } from './routes/routes';

export type Deps = ReadDeps &
  TellDeps & {
    /** Writes the changed files, then `current` with why; returns the number of the new generation. */
    readonly publish: (
      changed: readonly File[],
      all: readonly File[],
      published: Pick<Published, 'generation' | 'certificates'>,
      why?: string,
    ) => Promise<number>;
    readonly nudge: (generation: number) => Promise<void>;
    /** Never fails. */
    readonly probe: () => Promise<void>;
  };

export type Message = { readonly body: string; readonly receives: number };

/** It is logged. */
export type Outcome = {
  readonly action: 'keep' | 'publish';
  readonly reason: string;
  readonly generation?: number;
  readonly faults: readonly string[];
  readonly overlaps?: readonly string[];
};

/** Safe to repeat. @throws when ECS contradicts itself, after publishing what is certain, so that the batch comes back in seconds. */
export async function reconcile(messages: readonly Message[], deps: Deps, reflected: Reflected): Promise<Outcome> {
  const evidence = readEvidence(messages.map(({ body }) => body));
  // A message that comes again may belong to a run that published and then failed to nudge.
  const isRepeated = messages.some(({ receives }) => receives > 1);
  if (!isRepeated && isReflected(evidence, reflected)) {
    return { action: 'keep', reason: 'an earlier run has already acted on these events', faults: [] };
  }
  const { published, fleet, routes, files, leftOut, plan, faults: standing } = await decide(evidence, deps);
  const { action, reason, ...next } = plan;

  const changed = 'changed' in next ? next.changed : undefined;
  const generation = changed
    ? await deps.publish(changed, files, published, because(reason, evidence))
    : published.number;
  if (changed || evidence.tick || isRepeated) await deps.nudge(generation);
  const found = { ...concerned(fleet, routes, evidence), faults: standing, kept: published.kept, now: deps.now() };
  const tick = evidence.tick ? (isRepeated ? 'again' : 'first') : undefined;
  const [faults] = await Promise.all([tellFaults({ ...found, tick }, deps), evidence.tick && deps.probe()]);
  if (action === 'refuse') throw new Error(printable(`The run fails, and is repeated in seconds: ${reason}`));
  noteReflected(fleet, reflected);
  return {
    action,
    reason,
    generation,
    faults: [...evidence.faults, ...(published.damage ? [published.damage] : []), ...faults].map(printable),
    overlaps: overlaps(routes.backends.filter((backend) => !leftOut.includes(backend))),
  };
}

/** Why a generation was published, for people who look back. */
function because(reason: string, { causes }: Evidence): string {
  const more = causes.length > mostCauses ? `; and ${causes.length - mostCauses} more` : '';
  const words = `because: ${causes.slice(0, mostCauses).join('; ')}${more}`;
  return `${cut(printable(reason), 500)} | ${cut(printable(words), 500)}`;
}

const mostCauses = 5;

/** The services that ECS may be asked about, and those that ended tasks. */
function concerned({ tasks, clusters }: Fleet, { backends }: Routes, evidence: Evidence) {
  const live = tasks.filter((task) => task.state !== 'stopping' && isService(task));
  const served = backends.filter((backend) => backend.routes.length > 0 && isService(backend));
  const ended = evidence.tasks.filter((task) => task.state === 'stopping' && isService(task));
  return {
    ...{ tasks, clusters },
    services: [
      ...new Set([...live, ...served].filter(({ cluster }) => clusters.includes(cluster)).map(serviceKey)),
    ].sort(),
    ended: [...new Set(ended.map(serviceKey))],
  };
}
