import { checkWords } from '../edge/check';
import type { Labels } from '../edge/label';
import { labelWords } from '../edge/labels';
import { limit } from './limits';

/** A host and a path prefix that lead to a backend. `since` (epoch seconds) decides who claimed them first. */
export type Route = { readonly host: string; readonly path: string; readonly since: number };

/** A running task as HAProxy sees it. Its name is the task id, so a reordered answer of ECS changes nothing. */
export type Server = {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** Its instance has a warning: it gets about one request in a hundred, and all of them when no other task can answer. */
  readonly second?: true;
};

export type Backend = {
  /** Begins with `<cluster>.<service>`; lib/routes/groups.ts adds the rest. */
  readonly name: string;
  readonly cluster: string;
  readonly service: string;
  readonly container: string;
  /** The container's port; the servers have the host's. */
  readonly port: number;
  readonly routes: readonly Route[];
  readonly labels: Labels;
  readonly servers: readonly Server[];
  /** Tasks with a stop order, by id, with the epoch second in which it was first seen. They never come back. */
  readonly stopped: Readonly<Record<string, number>>;
  /** Tasks whose instance got a Spot warning, by id, with its epoch second. */
  readonly warned: Readonly<Record<string, number>>;
};

/** With weight 0 a second choice would serve nothing, even when it is the only one left. */
export const weightOf = ({ second }: Server): number => (second ? 1 : 100);

/**
 * `add server` ignores `default-server`, so these options stand on every server. `observe` takes out a task that refuses three connections
 * in a row. The last but the labels' words gives each POST its own connection: see render.ts.
 */
export const serverOptions = ({ labels }: Pick<Backend, 'labels'>): string =>
  `${checkWords(labels)} observe layer4 error-limit 3 on-error mark-down pool-purge-delay 5s pool-max-conn 100 ` +
  `maxconn ${limit('SLUICE_REQUESTS_OF_TASK')} "\${SLUICE_APART-sni}" var(txn.once) ${labelWords(labels)}`.trim();

export const serverLine = (server: Server, backend: Pick<Backend, 'labels'>): string =>
  `    server ${server.name} ${server.address}:${server.port} weight ${weightOf(server)} ${serverOptions(backend)}`;

/** What the next run must remember, in a comment that HAProxy skips. 0.1.0 reads `check` outside of `labels`. */
export const headerLine = ({ name, servers, ...remembered }: Backend): string =>
  `# sluice ${JSON.stringify({ ...remembered, check: remembered.labels.check ?? 'tcp' })}`;

/** Reads back a file that `render` wrote. @throws when the text is not such a file. */
export function parseBackend(text: string): Backend {
  const header = /^# sluice (\{.*\})$/m.exec(text)?.[1];
  const name = nameIn(text);
  if (header === undefined || name === undefined) {
    throw new Error(
      `no ${header === undefined ? '"# sluice" line' : 'backend'} in a file that Sluice should have written`,
    );
  }
  const { check, ...remembered } = JSON.parse(header) as Remembered;
  // In the order of the header, so that the same text is written again.
  return { ...remembered, labels: remembered.labels ?? labelsOf(check), name, servers: parseServers(text) };
}

type Remembered = Omit<Backend, 'name' | 'servers' | 'labels'> & { readonly check: string; readonly labels?: Labels };

/** 0.1.0 wrote no other label. */
const labelsOf = (check: string): Labels => (check === 'tcp' ? {} : { check });

const nameIn = (text: string): string | undefined => /^backend (\S+)$/m.exec(text)?.[1];

const parseServers = (text: string): readonly Server[] =>
  parseServerLines(text).map(({ options, ...server }) => server);

type ServerLine = Server & { readonly options: string };

/** @throws when a line cannot be read: to leave it out would take a running task out of service. */
function parseServerLines(text: string): readonly ServerLine[] {
  const lines = text.split('\n').filter((line) => line.startsWith('    server '));
  return lines.map((line) => {
    const [, name = '', address = '', port, weight, options = ''] = serverGrammar.exec(line) ?? [];
    if (name === '') throw new Error('a server line that this version of Sluice did not write');
    const server = { name, address, port: Number(port), options };
    return weight === '1' ? { ...server, second: true } : server;
  });
}

const serverGrammar = /^ {4}server (\S+) ([\d.]+):(\d+) weight (\d+) (.*)$/;

export type WantedServer = ServerLine & { readonly backend: string };

type Files = readonly { readonly text: string }[];

export const wantedServers = (files: Files): readonly WantedServer[] =>
  files.flatMap(({ text }) => {
    const backend = nameIn(text) ?? '';
    return parseServerLines(text).map((server) => ({ ...server, backend }));
  });

export const backendNames = (files: Files): readonly string[] => files.flatMap(({ text }) => nameIn(text) ?? []);
