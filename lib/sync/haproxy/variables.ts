import type { WantedServer } from './change';
import type { Haproxy, Worker } from './master';

/** HAProxy's `"${NAME-default}"`, with its quotes or without. */
const variable = /"?\$\{(\w+)(?:-([^}"]*))?\}"?/g;

/** Fills the variables of a configuration's words as HAProxy does. */
export const fillVariables = (words: string, environment: Readonly<Record<string, string | undefined>>): string =>
  words.replace(variable, (_, name: string, other = '') => environment[name] ?? other);

/**
 * Servers with the options that `add server` takes, which fills no variables: from the worker's own environment, to which its
 * configuration adds.
 */
export async function fillOptions(
  haproxy: Haproxy,
  { pid }: Worker,
  wanted: readonly WantedServer[],
): Promise<readonly WantedServer[]> {
  const names = wanted.flatMap(({ options }) => Array.from(options.matchAll(variable), ([, name = '']) => name));
  const environment: Record<string, string | undefined> = {};
  for (const name of new Set(names)) {
    const reply = await haproxy.worker(pid, `show env ${name}`);
    environment[name] = new RegExp(`^${name}=(.*)$`, 'm').exec(reply)?.[1];
  }
  return wanted.map((server) => ({ ...server, options: fillVariables(server.options, environment) }));
}
