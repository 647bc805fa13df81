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

/**
 * The options of every server, in the file and in `add server` alike: HAProxy ignores `default-server` for the latter.
 * `downinter` admits a new task 0.5 s after it answers; `observe` takes a vanished host out before its next check.
 */
const options =
  'check inter 1s fastinter 250ms downinter 250ms rise 2 fall 2 ' +
  'observe layer4 error-limit 3 on-error mark-down pool-purge-delay 5s pool-max-conn 100';

/** The words after `server` in the file, and after `add server <backend>/` on the socket. */
export const serverWords = (server: Server): string =>
  `${server.name} ${server.address}:${server.port} weight ${weightOf(server)} ${options}`;

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

/**
 * The servers of a rendered file, in its order.
 *
 * @throws when a server's line cannot be read: to leave it out would take a running task out of service.
 */
export function parseServers(text: string): readonly Server[] {
  const lines = text.split('\n').filter((line) => line.startsWith('    server '));
  return lines.map((line) => {
    const [, name = '', address = '', port, weight] = serverGrammar.exec(line) ?? [];
    if (name === '') throw new Error('a server line that this version of Sluice did not write');
    const server = { name, address, port: Number(port) };
    return weight === '1' ? { ...server, second: true } : server;
  });
}

const serverGrammar = /^ {4}server (\S+) ([\d.]+):(\d+) weight (\d+) /;
