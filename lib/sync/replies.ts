import { isNext } from '../haproxy/next-worker';

export type RunningServer = {
  readonly backend: string;
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly maintenance: boolean;
  readonly up: boolean;
  readonly weight: number;
  /** It has weight and checks, and no administrative state, as `admission` in change.ts leaves it. */
  readonly admitted: boolean;
  readonly unchangedSeconds: number;
  /** Also a line of a state file. */
  readonly line: string;
};

/** By `show proc`. */
export type Processes = {
  readonly master: number;
  readonly reloads: number;
  readonly failed: number;
  /** PIDs: the newest first, then those that a reload left behind. */
  readonly workers: readonly number[];
};

// Administrative states of HAProxy: 1, 2, 4, 0x20 and 0x40 are kinds of maintenance; a check is on when 4 is set.
const maintenanceBits = 0x67;
const checkOnBit = 4;

export function parseProcesses(reply: string): Processes {
  const master = /^(\d+)\s+master\s+(\d+)(?:\s+\[failed: (\d+)\])?/m.exec(reply);
  if (!master) throw new Error('it did not answer "show proc" with its processes');
  const workers = Array.from(reply.matchAll(/^(\d+)\s+worker\s/gm), ([, pid]) => Number(pid));
  return { master: Number(master[1]), reloads: Number(master[2]), failed: Number(master[3] ?? 0), workers };
}

/** Tasks only. */
export function parseServersState(reply: string): readonly RunningServer[] {
  const lines = reply.split('\n').filter((line) => line.trim() !== '');
  const columns = lines
    .find((line) => line.startsWith('# '))
    ?.slice(2)
    .split(' ');
  if (lines[0] !== '1' || !columns) throw new Error('HAProxy did not answer "show servers state" in format 1');
  const valueIn = reader(columns);
  const servers = lines.slice(2).map((line) => {
    const values = line.split(' ');
    return runningServer((column) => valueIn(values, column) ?? '', line);
  });
  return servers.filter(({ backend }) => !isNext(backend));
}

/** With thousands of servers, a search for the column in each line would take longer than HAProxy does. */
function reader(columns: readonly string[]): (values: readonly string[], column: string) => string | undefined {
  const places = new Map(columns.map((name, place) => [name, place]));
  return (values, column) => values[places.get(column) ?? -1];
}

function runningServer(column: (name: string) => string, line: string): RunningServer {
  const administrative = Number(column('srv_admin_state'));
  const weight = Number(column('srv_uweight'));
  const checked = (Number(column('srv_check_state')) & checkOnBit) !== 0;
  return {
    backend: column('be_name'),
    name: column('srv_name'),
    address: column('srv_addr'),
    port: Number(column('srv_port')),
    up: column('srv_op_state') === '2',
    maintenance: (administrative & maintenanceBits) !== 0,
    weight,
    admitted: administrative === 0 && weight > 0 && checked,
    unchangedSeconds: Number(column('srv_time_since_last_change')),
    line,
  };
}

/** Servers without a session, a queue or a connection. */
export function idleServers(stat: readonly Row[], connections: readonly Row[]): ReadonlySet<string> {
  const quiet = stat
    .filter((row) => row('scur') === '0' && row('qcur') === '0')
    .map((row) => `${row('pxname')}/${row('svname')}`);
  const unused = new Set(connections.filter((row) => row('used_cur') === '0').map((row) => row('bkname/svname')));
  return new Set(quiet.filter((name) => unused.has(name)));
}

export type Row = (column: string) => string | undefined;

/** @throws when the reply names no columns: an empty answer is not an empty table. */
export function table(reply: string, separator: string): readonly Row[] {
  const [header = '', ...lines] = reply.split('\n').filter((line) => line.trim() !== '');
  if (!header.startsWith('# '))
    throw new Error('HAProxy did not answer with the table that it was asked for; look at "journalctl -u haproxy"');
  const valueIn = reader(header.slice(2).split(separator));
  return lines.map((line) => {
    const values = line.split(separator);
    return (column) => valueIn(values, column);
  });
}

export const certificatesIn = (reply: string, folder: string): readonly string[] =>
  reply.split('\n').filter((line) => line.startsWith(`${folder}/`));

/** Certificates that were set, but neither committed nor aborted. */
export const openTransactions = (reply: string): readonly string[] =>
  Array.from(reply.matchAll(/^\*(\/.*)$/gm), ([, name = '']) => name);

/** SHA-1, hexadecimal. */
export const fingerprint = (reply: string): string | undefined =>
  /^SHA1 FingerPrint: ([0-9A-F]{40})$/m.exec(reply)?.[1];

export const chainLength = (reply: string): number => reply.match(/^Chain Subject: /gm)?.length ?? 0;

const goodWords: readonly (readonly [string, string])[] = [
  ['new ssl cert ', 'New empty certificate store'],
  ['set ssl cert ', 'Transaction created'],
  ['commit ssl cert ', 'Success!'],
  ['add ssl crt-list ', 'Success!'],
  ['del ssl cert ', 'deleted'],
];

/** Trailing newlines differ between versions. */
export function accepted(command: string, reply: string): boolean {
  const text = reply.trim();
  if (command.startsWith('add server ')) return text === 'New server registered.';
  if (command.startsWith('del server ')) return text === 'Server deleted.' || text === 'No such server.';
  const words = goodWords.find(([start]) => command.startsWith(start))?.[1];
  return words ? text.includes(words) : text === '';
}

/**
 * Which commands were accepted that went to HAProxy in one line, whose replies come as one text. An "add" or a "del" has one line of reply, the
 * other commands have none if they are accepted. If the lines are more or fewer, none counts as accepted: the caller reads back.
 */
export function acceptedTogether(commands: readonly string[], reply: string): readonly boolean[] {
  const lines = reply.split('\n').filter((line) => line.trim() !== '');
  const speaking = commands.filter((command) => !accepted(command, ''));
  if (lines.length !== speaking.length) return commands.map(() => false);
  const left = lines.values();
  return commands.map((command) => accepted(command, accepted(command, '') ? '' : (left.next().value ?? '')));
}
