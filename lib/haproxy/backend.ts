import { limit } from './limits';

/** A host and a path prefix that lead to a backend. `since` (epoch seconds) decides who claimed them first. */
export type Route = { readonly host: string; readonly path: string; readonly since: number };

/** A running task as HAProxy sees it. Its name is the task id, so a reordered answer of ECS changes nothing. */
export type Server = {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** Its host was warned: it gets about one request in a hundred, and all of them when no other can answer. */
  readonly second?: true;
};

/** One container of one ECS service, and the tasks that serve it. */
export type Backend = {
  /** Begins with `<cluster>.<service>`; lib/routes/names.ts tells how it goes on. */
  readonly name: string;
  readonly cluster: string;
  readonly service: string;
  readonly container: string;
  /** The container's port; the servers have the host's. */
  readonly port: number;
  readonly routes: readonly Route[];
  /** `tcp`, or the path of an HTTP check. */
  readonly check: string;
  readonly servers: readonly Server[];
  /** Tasks that were told to stop, by id, with the epoch second they were first seen so. They never come back. */
  readonly stopped: Readonly<Record<string, number>>;
  /** Tasks whose host got a Spot warning, by id, with the epoch second of it. */
  readonly warned: Readonly<Record<string, number>>;
};

/** Two weights, so that a second choice still serves when it is the only one left; 0 would be none at all. */
export const weightOf = ({ second }: Server): number => (second ? 1 : 100);

/** Two failed ones take out at once who does not even accept connections: no pause of a database does that. */
const tcpCheck = 'check inter 1s fastinter 250ms downinter 250ms rise 2 fall 2';

/**
 * What a hiccup of something behind all tasks must not fail: the third failure in a row comes 5 s after the first where the answer is
 * bad, and 7 s where it does not come within `timeout check`. A passed one in between forgives.
 */
const httpCheck = 'check inter 1s fastinter 2500ms downinter 250ms rise 1 fall 3';

/**
 * The options of a backend's servers, in the file and in `add server` alike: HAProxy ignores `default-server` for the latter.
 * `downinter` admits a new task within half a second after it answers; `observe` takes out who refuses three connections in a row, whatever
 * the check says. What the last word names, render.ts tells.
 */
export const serverOptions = ({ check }: Pick<Backend, 'check'>): string =>
  `${check === 'tcp' ? tcpCheck : httpCheck} observe layer4 error-limit 3 on-error mark-down ` +
  `pool-purge-delay 5s pool-max-conn 100 maxconn ${limit('SLUICE_REQUESTS_OF_TASK')} "\${SLUICE_APART-sni}" var(txn.once)`;

/** A server's line in the file of its backend. */
export const serverLine = (server: Server, backend: Pick<Backend, 'check'>): string =>
  `    server ${server.name} ${server.address}:${server.port} weight ${weightOf(server)} ${serverOptions(backend)}`;

/** The first line of a backend's file: what the next run must remember, in a comment that HAProxy skips. */
export const headerLine = ({ name, servers, ...remembered }: Backend): string =>
  `# sluice ${JSON.stringify(remembered)}`;

/**
 * Reads back a file that `render` wrote.
 *
 * @throws when the text is not such a file; the message names what is missing.
 */
export function parseBackend(text: string): Backend {
  const header = /^# sluice (\{.*\})$/m.exec(text)?.[1];
  const name = /^backend (\S+)$/m.exec(text)?.[1];
  if (header === undefined || name === undefined) {
    throw new Error(
      `no ${header === undefined ? '"# sluice" line' : 'backend'} in a file that Sluice should have written`,
    );
  }
  const remembered = JSON.parse(header) as Omit<Backend, 'name' | 'servers'>;
  return { ...remembered, name, servers: parseServers(text) };
}

/** A server, and what its line says besides. */
export type ServerLine = Server & { readonly options: string };

/** The servers of a rendered file, in its order. */
const parseServers = (text: string): readonly Server[] =>
  parseServerLines(text).map(({ options, ...server }) => server);

/**
 * The lines of a rendered file's servers, in its order.
 *
 * @throws when one cannot be read: to leave it out would take a running task out of service.
 */
export function parseServerLines(text: string): readonly ServerLine[] {
  const lines = text.split('\n').filter((line) => line.startsWith('    server '));
  return lines.map((line) => {
    const [, name = '', address = '', port, weight, options = ''] = serverGrammar.exec(line) ?? [];
    if (name === '') throw new Error('a server line that this version of Sluice did not write');
    const server = { name, address, port: Number(port), options };
    return weight === '1' ? { ...server, second: true } : server;
  });
}

const serverGrammar = /^ {4}server (\S+) ([\d.]+):(\d+) weight (\d+) (.*)$/;
