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
  const [runs, wants] = [byId(running), byId(wanted)];
  const going = unwanted(runs, wants).filter((server) => !server.maintenance);
  const isLast = lastServers(going, runs, wants);
  const leaving: Sequence[] = [];
  const last = new Map<string, Sequence[]>();
  for (const server of going) {
    const together = isLast(server) ? (last.get(server.backend) ?? []) : leaving;
    together.push(departure(server));
    if (together !== leaving) last.set(server.backend, together);
  }
  const arriving = Array.from(wants, ([name, server]) => arrival(name, server, runs.get(name)));
  return { leaving, arriving: arriving.filter((commands) => commands.length > 0), last };
}

type ById<Item> = ReadonlyMap<string, Item>;

export const byId = <Item extends Identified>(servers: readonly Item[]): ById<Item> =>
  new Map(servers.map((server) => [id(server), server]));

/** The backends in which something is to change. */
export const changing = ({ leaving, arriving, last }: Change): readonly string[] => [
  ...new Set([
    ...[...leaving, ...arriving].map(([command = '']) => / ([^ /]+)\//.exec(command)?.[1] ?? ''),
    ...last.keys(),
  ]),
];

export const counts = ({ leaving, arriving, last }: Change): { readonly added: number; readonly left: number } => ({
  added: arriving.length,
  left: leaving.length + [...last.values()].flat().length,
});

/** New servers are to take over, none of them is up, and none takes this one's name or port. */
function lastServers(
  going: readonly RunningServer[],
  runs: ById<RunningServer>,
  wants: ById<WantedServer>,
): (server: RunningServer) => boolean {
  const backends = new Set(going.filter(({ up }) => up).map(({ backend }) => backend));
  if (backends.size === 0) return () => false;
  const taken = new Set<string>();
  const [inherited, served] = [new Set<string>(), new Set<string>()];
  for (const [name, heir] of wants) {
    taken.add(place(heir));
    if (backends.has(heir.backend)) (isUp(heir, runs.get(name)) ? served : inherited).add(heir.backend);
  }
  return (server) =>
    server.up &&
    inherited.has(server.backend) &&
    !served.has(server.backend) &&
    !wants.has(id(server)) &&
    !taken.has(place(server));
}

export const isUp = (wanted: WantedServer, running: RunningServer | undefined): boolean =>
  running?.up === true &&
  running.admitted &&
  running.name === wanted.name &&
  running.backend === wanted.backend &&
  sameAddress(wanted, running);

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

export function leftovers(
  running: readonly RunningServer[],
  wanted: readonly WantedServer[],
  afterSeconds: number,
): readonly RunningServer[] {
  const quiet = running.filter((server) => server.maintenance && server.unchangedSeconds >= afterSeconds);
  return quiet.length === 0 ? [] : unwanted(byId(quiet), byId(wanted));
}

const sameAddress = (a: Server, b: Server): boolean => a.address === b.address && a.port === b.port;

const place = ({ address, port }: Server): string => `${address}:${port}`;

type Identified = { readonly backend: string; readonly name: string };

export const id = ({ backend, name }: Identified): string => `${backend}/${name}`;

const unwanted = (runs: ById<RunningServer>, wants: ById<WantedServer>): readonly RunningServer[] =>
  Array.from(runs).flatMap(([name, server]) => {
    const match = wants.get(name);
    return match && sameAddress(match, server) ? [] : server;
  });

/**
 * What goes together: each part only where HAProxy has accepted the one before. The check of a new server begins when it is added, and
 * would come an interval later if it were not enabled at once, or if it passed before "down"; so all of that is one part. If HAProxy refuses
 * a command of it, the server is left without weight, and gets no request.
 */
export function parts(sequence: Sequence): readonly Sequence[] {
  if (sequence.length === 1) return [sequence];
  const from = sequence[0]?.startsWith('del ') ? 1 : 0;
  const together = [sequence.slice(0, from), sequence.slice(from, -1), sequence.slice(-1)];
  return together.filter((part) => part.length > 0);
}

const departure = (server: RunningServer): Sequence => [`set server ${id(server)} state maint`];

function arrival(name: string, wanted: WantedServer, running: RunningServer | undefined): Sequence {
  const weight = weightOf(wanted);
  if (running?.admitted && running.weight === weight && sameAddress(wanted, running)) return [];
  const add = [`add server ${name} ${place(wanted)} weight 0 ${wanted.options}`, ...admission(name, weight)];
  if (!running) return add;
  if (!sameAddress(wanted, running)) return [`del server ${name}`, ...add];
  // A killed sync has half added it, or somebody has put it aside by hand.
  if (!running.admitted) return admission(name, weight);
  return [`set server ${name} weight ${weight}`];
}

/** Law 5: DOWN without weight until its first passed check, so that no request comes before. */
const admission = (name: string, weight: number): Sequence => [
  `set server ${name} weight 0`,
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
  const staying = byId(running.filter((server) => server.admitted));
  const lines = wanted.map((server, index) => {
    const known = staying.get(id(server));
    return known && sameAddress(server, known) ? known.line : newcomer(server, index + 1);
  });
  return ['1', `# ${columns}`, ...lines, ''].join('\n');
}

function newcomer(server: WantedServer, number: number): string {
  const { backend, name, address, port } = server;
  const weight = weightOf(server);
  return `1 ${backend} ${number} ${name} ${address} 0 0 ${weight} ${weight} 0 1 0 0 6 0 0 0 - ${port} - 0 0 - - 0`;
}
