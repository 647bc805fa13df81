import { parseServerLines, type Server, type ServerLine, weightOf } from '../../haproxy/backend';
import type { File } from '../../haproxy/render';
import type { RunningServer } from './replies';

/** Commands that make sense only in this order: the rest is skipped when one is refused. */
export type Sequence = readonly string[];

/** What brings the running servers to the wanted ones, in this order. */
export type Change = {
  /** Before anybody arrives: ports are reused. */
  readonly leaving: readonly Sequence[];
  readonly arriving: readonly Sequence[];
  /** By backend, the last that could answer there: they leave when a newcomer has passed its check. */
  readonly last: ReadonlyMap<string, readonly Sequence[]>;
};

/** A server that a backend's file names. */
export type WantedServer = ServerLine & { readonly backend: string };

/** The servers of a configuration's files. */
export const wantedServers = (files: readonly File[]): readonly WantedServer[] =>
  files.flatMap(({ text }) => {
    const backend = backendOf(text) ?? '';
    return parseServerLines(text).map((server) => ({ ...server, backend }));
  });

/** The backends of a configuration's files. */
export const backendNames = (files: readonly File[]): readonly string[] =>
  files.flatMap(({ text }) => backendOf(text) ?? []);

const backendOf = (text: string): string | undefined => /^backend (\S+)$/m.exec(text)?.[1];

/** Compares what runs with what is wanted. A server in maintenance that is not wanted is no difference, but a leftover. */
export function change(running: readonly RunningServer[], wanted: readonly WantedServer[]): Change {
  const runs = new Map(running.map((server) => [id(server), server]));
  const leaving = unwanted(running, wanted).filter((server) => !server.maintenance);
  const last = leaving.filter((server) => server.up && isLast(server, runs, wanted));
  return {
    leaving: leaving.filter((server) => !last.includes(server)).map(departure),
    arriving: wanted.map((server) => arrival(server, runs.get(id(server)))).filter((commands) => commands.length > 0),
    last: new Map(
      last.map(({ backend }) => [backend, last.filter((server) => server.backend === backend).map(departure)]),
    ),
  };
}

/** Whether newcomers are to take over, none of them is up yet, and none takes this server's own name or port. */
function isLast(
  server: RunningServer,
  runs: ReadonlyMap<string, RunningServer>,
  wanted: readonly WantedServer[],
): boolean {
  const heirs = wanted.filter(({ backend }) => backend === server.backend);
  const taken = wanted.some((other) => id(other) === id(server) || sameAddress(other, server));
  return !taken && heirs.length > 0 && !heirs.some((heir) => isUp(heir, runs.get(id(heir))));
}

/** Whether a wanted server runs as wanted, and answers. */
export const isUp = (wanted: WantedServer, running: RunningServer | undefined): boolean =>
  running?.up === true && running.admitted && sameServer(wanted, running);

/** Servers in maintenance that nobody wants: idle and unchanged for long enough, `del server` is safe on 2.6 too. */
export const removable = (
  running: readonly RunningServer[],
  wanted: readonly WantedServer[],
  idle: ReadonlySet<string>,
  afterSeconds: number,
): readonly Sequence[] =>
  leftovers(running, wanted, afterSeconds)
    .filter((server) => idle.has(id(server)))
    .map((server) => [`del server ${id(server)}`]);

export const leftovers = (
  running: readonly RunningServer[],
  wanted: readonly WantedServer[],
  afterSeconds: number,
): readonly RunningServer[] =>
  unwanted(running, wanted).filter((server) => server.maintenance && server.unchangedSeconds >= afterSeconds);

/** Whether a running server is the wanted one: at the same address. */
export const sameServer = (a: WantedServer, b: RunningServer): boolean => id(a) === id(b) && sameAddress(a, b);

const sameAddress = (a: Server, b: Server): boolean => a.address === b.address && a.port === b.port;

const id = ({ backend, name }: { readonly backend: string; readonly name: string }): string => `${backend}/${name}`;

function unwanted(running: readonly RunningServer[], wanted: readonly WantedServer[]): readonly RunningServer[] {
  const byId = new Map(wanted.map((server) => [id(server), server]));
  return running.filter((server) => {
    const match = byId.get(id(server));
    return !match || !sameServer(match, server);
  });
}

const departure = (server: RunningServer): Sequence => [`set server ${id(server)} state maint`];

function arrival(wanted: WantedServer, running: RunningServer | undefined): Sequence {
  const name = id(wanted);
  const weight = weightOf(wanted);
  const place = `${wanted.address}:${wanted.port}`;
  const add = [`add server ${name} ${place} weight 0 ${wanted.options}`, ...admission(name, weight)];
  if (!running) return add;
  if (!sameServer(wanted, running)) return [`del server ${name}`, ...add];
  // Half added by a sync that was killed, or put aside by hand.
  if (!running.admitted) return [`set server ${name} weight 0`, ...admission(name, weight)];
  return running.weight === weight ? [] : [`set server ${name} weight ${weight}`];
}

/** DOWN until its first passed check, and only then with weight: no request comes before. */
const admission = (name: string, weight: number): Sequence => [
  `enable health ${name}`,
  `set server ${name} state ready`,
  `set server ${name} health down`,
  `set server ${name} weight ${weight}`,
];
