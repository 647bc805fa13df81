import type { WantedServer } from './change';
import { table } from './replies';

/** Tasks that take connections, and with which HAProxy cannot speak: visitors get 502 though a check by TCP is passed. */
export type Foreign = {
  readonly count: number;
  /** The first few. */
  readonly servers: readonly ForeignServer[];
  readonly advice: string;
};

export type ForeignServer = {
  readonly backend: string;
  readonly name: string;
  /** `address:port` */
  readonly at: string;
  readonly speaks: string;
};

/**
 * What each server was found to speak. `silent`: it waits for its client, as HTTP/1.1 does. `unknown`: it was asked, and said
 * nothing that is known here.
 */
export type Heard = Readonly<Record<string, string>>;

/** `asked`: nobody ever got a good answer, so it is asked once whether it speaks TLS. Whoever else is only listened to. */
export type Unheard = {
  readonly key: string;
  readonly address: string;
  readonly port: number;
  readonly asked: boolean;
};

/** Run Command keeps 24,000 characters of a report. */
const most = 5;
/** A single broken answer may come from an HTTP server too. */
const manyFailures = 3;

const advice =
  'Sluice speaks HTTP/1.1 without TLS to tasks: let them serve that too, at the port of haproxy.port. gRPC needs another entrance, such as an ALB';

/** Whom to listen to: those of whom HAProxy knows neither that they speak HTTP nor that they cannot be reached. */
export function unheard(stat: string, wanted: readonly WantedServer[], heard: Heard): readonly Unheard[] {
  const rows = rowsOf(stat);
  return wanted.flatMap((server) => {
    const row = rows.get(`${server.backend}/${server.name}`);
    if (!row || isWell(row) || /L4(CON|TOUT)/.test(row('check_status') ?? '')) return [];
    const key = keyOf(server);
    const asked = failsAll(row);
    const known = heard[key];
    const isNew = known === undefined || (known === 'silent' && asked);
    return isNew ? [{ key, address: server.address, port: server.port, asked }] : [];
  });
}

/** What is worth to be remembered: nothing of servers that left. */
export function remembered(stat: string, wanted: readonly WantedServer[], heard: Heard): Heard {
  const rows = rowsOf(stat);
  const entries = wanted.flatMap((server) => {
    const row = rows.get(`${server.backend}/${server.name}`);
    const found = row && isWell(row) ? 'HTTP/1.1' : heard[keyOf(server)];
    return found === undefined ? [] : [[keyOf(server), found]];
  });
  return Object.fromEntries(entries) as Heard;
}

/** Who speaks no HTTP/1.1, by what was heard and by what HAProxy counted. `undefined` when there is nobody. */
export function foreignServers(stat: string, wanted: readonly WantedServer[], heard: Heard): Foreign | undefined {
  const rows = rowsOf(stat);
  const servers = wanted.flatMap((server) => {
    const { backend, name, address, port } = server;
    const row = rows.get(`${backend}/${name}`);
    const speaks = row && speaksOf(row, heard[keyOf(server)]);
    return speaks ? [{ backend, name, at: `${address}:${port}`, speaks }] : [];
  });
  return servers.length === 0 ? undefined : { count: servers.length, servers: servers.slice(0, most), advice };
}

/**
 * What a server's first bytes are. An HTTP/1.1 server waits for its client. A server that speaks nothing but HTTP/2 sends SETTINGS
 * at once (RFC 9113, 3.4: nine bytes of header, type 4, stream 0); TLS answers nonsense with an alert (RFC 8446, 6).
 */
export function spoken(bytes: Buffer, asked: boolean): string {
  if (bytes.length === 0) return asked ? 'unknown' : 'silent';
  const text = bytes.toString('latin1');
  if (bytes.length >= 9 && bytes[3] === 4 && bytes.readUInt32BE(5) === 0) return 'HTTP/2 only, as gRPC does';
  if (bytes[0] === 0x15 && bytes[1] === 3) return 'TLS';
  if (text.startsWith('HTTP/1.')) return 'HTTP/1.1';
  return `no HTTP; it begins with "${text
    .slice(0, 20)
    .trim()
    .replace(/[^ !#-[\]-~]/g, '.')}"`;
}

type Row = (column: string) => string | undefined;

const rowsOf = (stat: string): ReadonlyMap<string, Row> =>
  new Map(table(stat, ',').map((row) => [`${row('pxname')}/${row('svname')}`, row]));

const keyOf = ({ backend, name, address, port }: WantedServer): string => `${backend}/${name} ${address}:${port}`;

const sum = (row: Row, columns: readonly string[]): number =>
  columns.reduce((all, column) => all + Number(row(column) ?? 0), 0);

/** It passes a check by HTTP, or has answered a request. Go and nginx answer plain HTTP at a port for TLS by 400. */
const isWell = (row: Row): boolean =>
  /L7OK/.test(row('check_status') ?? '') ||
  sum(row, ['hrsp_1xx', 'hrsp_2xx', 'hrsp_3xx', 'hrsp_5xx', 'hrsp_other']) > 0;

function failsAll(row: Row): boolean {
  if (isWell(row)) return false;
  if (row('status')?.startsWith('UP')) return sum(row, ['eresp', 'hrsp_4xx']) >= manyFailures;
  return /L7RSP|SOCKERR/.test(row('check_status') ?? '') || row('check_code') === '400';
}

function speaksOf(row: Row, heard = 'silent'): string | undefined {
  if (isWell(row) || heard === 'HTTP/1.1') return undefined;
  if (heard !== 'silent' && heard !== 'unknown') return heard;
  const broken = Number(row('eresp'));
  const isBroken = row('status')?.startsWith('UP') && sum(row, ['hrsp_4xx']) === 0 && broken >= manyFailures;
  return isBroken ? `nothing in HTTP/1.1: HAProxy could read none of its ${broken} answers` : undefined;
}
