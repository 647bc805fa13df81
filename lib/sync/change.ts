import { type Server, type WantedServer, weightOf } from '../haproxy/backend';
import type { RunningServer } from './replies';

/** If one is refused, the rest is skipped. */
export type Sequence = readonly string[];

/** The commands run in this order. */
export type Change = {
  /** First, because ports are reused. */
  readonly leaving: readonly Sequence[];
  readonly arriving: readonly Sequence[];
  /** By backend: they leave when a new server has passed its check. */
  readonly last: ReadonlyMap<string, readonly Sequence[]>;
};

/** An unwanted server in maintenance is a leftover, not a difference. */
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

export const counts = ({ leaving, arriving, last }: Change): { readonly added: number; readonly left: number } => ({
  added: arriving.length,
  left: leaving.length + [...last.values()].flat().length,
});

/** New servers are to take over, none of them is up, and none takes this one's name or port. */
function isLast(
  server: RunningServer,
  runs: ReadonlyMap<string, RunningServer>,
  wanted: readonly WantedServer[],
): boolean {
  const heirs = wanted.filter(({ backend }) => backend === server.backend);
  const taken = wanted.some((other) => id(other) === id(server) || sameAddress(other, server));
  return !taken && heirs.length > 0 && !heirs.some((heir) => isUp(heir, runs.get(id(heir))));
}

export const isUp = (wanted: WantedServer, running: RunningServer | undefined): boolean =>
  running?.up === true && running.admitted && sameServer(wanted, running);

/** Deletes leftovers that are idle: after long enough in maintenance, `del server` is safe on 2.6 too. */
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

const sameServer = (a: WantedServer, b: RunningServer): boolean => id(a) === id(b) && sameAddress(a, b);

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
  // A killed sync has half added it, or somebody has put it aside by hand.
  if (!running.admitted) return [`set server ${name} weight 0`, ...admission(name, weight)];
  return running.weight === weight ? [] : [`set server ${name} weight ${weight}`];
}

/** Law 5: DOWN without weight until its first passed check, so that no request comes before. */
const admission = (name: string, weight: number): Sequence => [
  `enable health ${name}`,
  `set server ${name} state ready`,
  `set server ${name} health down`,
  `set server ${name} weight ${weight}`,
];

const columns =
  'be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change ' +
  'srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id ' +
  'srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port';

/** Unknown servers start DOWN. HAProxy believes this file more than its configuration, and needs a newline as the last byte. */
export function stateFile(running: readonly RunningServer[], wanted: readonly WantedServer[]): string {
  const staying = new Map(running.filter((server) => server.admitted).map((server) => [id(server), server]));
  const lines = wanted.map((server, index) => {
    const known = staying.get(id(server));
    return known && sameServer(server, known) ? known.line : newcomer(server, index + 1);
  });
  return ['1', `# ${columns}`, ...lines, ''].join('\n');
}

function newcomer(server: WantedServer, number: number): string {
  const { backend, name, address, port } = server;
  const weight = weightOf(server);
  return `1 ${backend} ${number} ${name} ${address} 0 0 ${weight} ${weight} 0 1 0 0 6 0 0 0 - ${port} - 0 0 - - 0`;
}
