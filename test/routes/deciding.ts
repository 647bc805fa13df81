import type { Definition } from '../../lib/fleet/fleet';
import type { Task } from '../../lib/fleet/task';
import type { Look } from '../../lib/routes/look';
import { decideRoutes, type Routes } from '../../lib/routes/routes';
import { definition, fleet, task } from '../builders';

type Given = Partial<Look> & Pick<Look, 'fleet'>;

const first = (look: Given) => decideRoutes({ published: [], warned: new Set(), now: 100, ...look });

/** The services whose own counts are needed before a look at ECS is decided. */
export const ask = (look: Given): readonly string[] => {
  const decided = first(look);
  return 'ask' in decided ? decided.ask : [];
};

/** Decides for a look at ECS, where only what is given was published. A service that is asked counts 99 tasks. */
export const decide = (look: Given): Routes => {
  const decided = first(look);
  return 'routes' in decided
    ? decided.routes
    : decide({ ...look, witness: new Map(decided.ask.map((service) => [service, 99])) });
};

/** The names of the servers of each backend. */
export const servers = (look: Given) =>
  Object.fromEntries(decide(look).backends.map((each) => [each.name, each.servers.map(({ name }) => name)]));

/** A definition with one labelled container. */
export const host = (name: string, revision = 1) => definition({ 'haproxy.host': name }, revision);

/** A running task of a service of this name, by the definition `<service>:1`. */
export const of = (service: string, id: string, given: Parameters<typeof task>[1] = {}): Task =>
  task(id, { service, definition: `${service}:1`, ...given });

/** A look at these tasks and definitions, besides `shop:1`. */
export const look = (
  tasks: readonly Task[],
  definitions: Record<string, Definition> = {},
  given: Partial<Look> = {},
) => ({ fleet: fleet(tasks, definitions), ...given });
