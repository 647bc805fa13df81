import type { WantedServer } from '../haproxy/backend';
import { id } from './change';
import type { Row, RunningServer } from './replies';

type Named = {
  readonly backend: string;
  readonly name: string;
  readonly at: string;
};

export type Down = {
  readonly count: number;
  /** The first few. */
  readonly servers: readonly DownServer[];
};

type DownServer = Named & {
  /**
   * HAProxy's code: `L4TOUT` no answer, `L4CON` no listener, `L7STS/503` a bad answer, `L7RSP` (2.6) or `SOCKERR` (3.2) an answer that is
   * not HTTP, `INI` no check has ended yet.
   */
  readonly check: string;
};

/** Run Command keeps 24,000 characters of a report. */
const most = 5;
/** A check ends within a second, and HAProxy 2.8 and 3.0 show no result if the answer is not HTTP. */
const newcomerSeconds = 5;

/** `undefined` when there is none. A new server that was not checked yet fails no check. */
export function downServers(stat: readonly Row[], running: readonly RunningServer[]): Down | undefined {
  const at = new Map(running.map(({ backend, name, address, port }) => [`${backend}/${name}`, `${address}:${port}`]));
  const servers = stat.flatMap((row) => {
    const [backend = '', name = ''] = [row('pxname'), row('svname')];
    const place = at.get(`${backend}/${name}`);
    const check = failedCheck(row);
    const isDown = row('status')?.startsWith('DOWN') && check !== undefined;
    return place && isDown ? [{ backend, name, at: place, check }] : [];
  });
  return servers.length === 0 ? undefined : { count: servers.length, servers: servers.slice(0, most) };
}

/** During a check HAProxy shows the last result behind a star, and 0 in place of its code. */
function failedCheck(row: Row): string | undefined {
  const word = (row('check_status') ?? '').replace(/^\* /, '');
  const isFailed =
    /^(L[467](?!OK)|SOCKERR)/.test(word) || (word === 'INI' && Number(row('lastchg')) >= newcomerSeconds);
  if (!isFailed) return undefined;
  return word === 'L7STS' && Number(row('check_code')) > 0 ? `${word}/${row('check_code')}` : word;
}

/** Visitors get 502, though a check by TCP passes. */
export type Foreign = {
  readonly count: number;
  /** The first few. */
  readonly servers: readonly ForeignServer[];
  readonly advice: string;
};

type ForeignServer = Named & { readonly speaks: string };

/** By key. `silent`: it waits for its client, as HTTP/1.1 does. `unknown`: it was asked, and answered nothing. */
export type Heard = Readonly<Record<string, string>>;

/** `asked`: no answer was ever good, so the sync asks once whether it speaks TLS. */
export type Unheard = {
  readonly key: string;
  readonly address: string;
  readonly port: number;
  readonly asked: boolean;
};

/** A single broken answer may come from an HTTP server too. */
const manyFailures = 3;

const advice =
  'Sluice speaks HTTP/1.1 without TLS to tasks, and HTTP/2 if haproxy.proto is h2c, as gRPC needs: set the label, or make them serve HTTP/1.1 too, at the port of haproxy.port';

const onlyHttp2 = 'HTTP/2 only, as gRPC does';
/** What HAProxy speaks to a server: see lib/edge/proto.ts. */
const wantedOf = ({ options }: WantedServer): string => (/ proto h2\b/.test(options) ? onlyHttp2 : 'HTTP/1.1');

/**
 * The backends of which `show stat` may tell something new: a server is down, or it is not known to speak as it should. One that waited for
 * its client when the sync listened is looked at when no server changes: then there is time.
 */
export function doubtful(
  running: readonly RunningServer[],
  wanted: readonly WantedServer[],
  heard: Heard,
  isQuiet: boolean,
): readonly string[] {
  const down = running.filter(({ up, maintenance }) => !up && !maintenance);
  const unknown = wanted.filter((server) => {
    const known = heard[keyOf(server)];
    return (isQuiet || known !== 'silent') && known !== wantedOf(server);
  });
  return [...new Set([...down, ...unknown].map(({ backend }) => backend))];
}

/** Servers of which HAProxy shows neither that they speak HTTP nor that they cannot be reached. */
export function unheard(stat: readonly Row[], wanted: readonly WantedServer[], heard: Heard): readonly Unheard[] {
  return rowsOf(stat, wanted).flatMap(({ key, row, server }) => {
    const { address, port } = server;
    if (isWell(row) || /L4(CON|TOUT)/.test(row('check_status') ?? '')) return [];
    const asked = failsAll(row, server);
    const known = heard[key];
    const isNew = known === undefined || (known === 'silent' && asked);
    return isNew ? [{ key, address, port, asked }] : [];
  });
}

/** Drops servers that left. */
export function remembered(stat: readonly Row[], wanted: readonly WantedServer[], heard: Heard): Heard {
  const known: Record<string, string> = {};
  for (const key of wanted.map(keyOf)) {
    const found = heard[key];
    if (found !== undefined) known[key] = found;
  }
  for (const { key, row, server } of rowsOf(stat, wanted)) if (isWell(row)) known[key] = wantedOf(server);
  return known;
}

/** `undefined` when there is none. */
export function foreignServers(
  stat: readonly Row[],
  wanted: readonly WantedServer[],
  heard: Heard,
): Foreign | undefined {
  const servers = rowsOf(stat, wanted).flatMap(({ key, row, server }) => {
    const { backend, name, address, port } = server;
    const speaks = foreignSpeech(row, server, heard[key]);
    return speaks ? [{ backend, name, at: `${address}:${port}`, speaks }] : [];
  });
  return servers.length === 0 ? undefined : { count: servers.length, servers: servers.slice(0, most), advice };
}

/**
 * An HTTP/1.1 server waits for its client. A server that speaks only HTTP/2 sends SETTINGS at once (RFC 9113, 3.4: nine bytes of header,
 * type 4, stream 0); TLS answers nonsense with an alert (RFC 8446, 6).
 */
export function spoken(bytes: Buffer, asked: boolean): string {
  if (bytes.length === 0) return asked ? 'unknown' : 'silent';
  const text = bytes.toString('latin1');
  if (bytes.length >= 9 && bytes[3] === 4 && bytes.readUInt32BE(5) === 0) return onlyHttp2;
  if (bytes[0] === 0x15 && bytes[1] === 3) return 'TLS';
  if (text.startsWith('HTTP/1.')) return 'HTTP/1.1';
  const printable = text
    .slice(0, 20)
    .trim()
    .replace(/[^ !#-[\]-~]/g, '.');
  return `another protocol; it begins with "${printable}"`;
}

/** A server at its address. */
const keyOf = (server: WantedServer): string => `${id(server)} ${server.address}:${server.port}`;

function rowsOf(stat: readonly Row[], wanted: readonly WantedServer[]) {
  if (stat.length === 0) return [];
  const rows = new Map(stat.map((row) => [`${row('pxname')}/${row('svname')}`, row]));
  return wanted.flatMap((server) => {
    const row = rows.get(id(server));
    return row ? [{ row, server, key: keyOf(server) }] : [];
  });
}

const sum = (row: Row, columns: readonly string[]): number =>
  columns.reduce((all, column) => all + Number(row(column) ?? 0), 0);

/** It passes a check by HTTP, or has answered a request. Go and nginx answer plain HTTP at a port for TLS by 400. */
const isWell = (row: Row): boolean =>
  /L7OK/.test(row('check_status') ?? '') ||
  sum(row, ['hrsp_1xx', 'hrsp_2xx', 'hrsp_3xx', 'hrsp_5xx', 'hrsp_other']) > 0;

function failsAll(row: Row, server: WantedServer): boolean {
  if (isWell(row)) return false;
  if (row('status')?.startsWith('UP')) return broken(row, server) + sum(row, ['hrsp_4xx']) >= manyFailures;
  return /L7RSP|SOCKERR/.test(row('check_status') ?? '') || row('check_code') === '400';
}

/** Up to 3.0 HAProxy counts a connection that does not become one of HTTP/2 as refused. */
const broken = (row: Row, server: WantedServer): number =>
  sum(row, wantedOf(server) === onlyHttp2 ? ['eresp', 'econ'] : ['eresp']);

function foreignSpeech(row: Row, server: WantedServer, heard = 'silent'): string | undefined {
  const wanted = wantedOf(server);
  if (isWell(row) || heard === wanted) return undefined;
  if (heard !== 'silent' && heard !== 'unknown') return heard;
  const failed = broken(row, server);
  const isBroken = row('status')?.startsWith('UP') && sum(row, ['hrsp_4xx']) === 0 && failed >= manyFailures;
  return isBroken
    ? `another protocol than ${wanted.split(' ')[0]}: HAProxy could not read any of its ${failed} answers`
    : undefined;
}
