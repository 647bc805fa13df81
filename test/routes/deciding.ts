import type { Look } from '../../lib/routes/look';
import { decideRoutes } from '../../lib/routes/routes';
import { definition } from '../builders';

type Given = Partial<Look> & Pick<Look, 'fleet'>;

/** Decides for a look at ECS, where nothing was published but what is given. */
export const decide = (look: Given) => decideRoutes({ published: [], warned: new Set(), now: 100, ...look });

/** The names of the servers of each backend. */
export const servers = (look: Given) =>
  Object.fromEntries(decide(look).backends.map((each) => [each.name, each.servers.map(({ name }) => name)]));

/** A definition with one labelled container. */
export const host = (name: string, revision = 1) => definition({ 'haproxy.host': name }, revision);
