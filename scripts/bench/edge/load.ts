import type { Seat } from './stand';

/** How requests come to the proxy. */
export type Protocol = {
  readonly name: string;
  /** Requests that go before the measurement, and the least of one measurement, however short --seconds is. */
  readonly warm: number;
  readonly least: number;
  readonly command: (seat: Seat, requests: number) => readonly string[];
};

export const host = 'shop.example.com';
const page = '/products/chairs?page=2';

/** As Firefox sends them for a link; with Host thirteen in HTTP/1.1. */
const headers: readonly string[] = [
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'Accept-Language: en-GB,en;q=0.7,de;q=0.3',
  'Accept-Encoding: gzip, deflate, br, zstd',
  `Referer: https://${host}/products/chairs`,
  'Cookie: session=7c1d0f6f0a4b4b0f9d5b2f7e9a1c3d5e; theme=dark; consent=necessary',
  'Upgrade-Insecure-Requests: 1',
  'Sec-Fetch-Dest: document',
  'Sec-Fetch-Mode: navigate',
  'Sec-Fetch-Site: same-origin',
  'Sec-Fetch-User: ?1',
];

const inFirst = [...headers, 'Connection: keep-alive'].flatMap((header) => ['-H', header]);
const inSecond = [...headers, 'Priority: u=0, i'].flatMap((header) => ['-H', header]);
const clear = (seat: Seat) => [`--connect-to=${seat.host}:${seat.http}`, `http://${host}${page}`];
const byTls = (seat: Seat) => [`--connect-to=${seat.host}:${seat.https}`, `https://${host}${page}`];

/** Several requests at a time in one HTTP/2 connection would come in bunches, and how large these are changes with the machine's load. */
const kept = (requests: number) => ['h2load', '-n', String(requests), '-c', '16'];

export const first: Protocol = {
  name: 'HTTP/1.1 keep-alive',
  warm: 2_000,
  least: 1_000,
  command: (seat, requests) => [...kept(requests), '--h1', ...inFirst, ...clear(seat)],
};
export const firstByTls: Protocol = {
  ...first,
  name: 'HTTP/1.1 over TLS',
  command: (seat, requests) => [...kept(requests), '--h1', ...inFirst, ...byTls(seat)],
};
export const second: Protocol = {
  ...first,
  name: 'HTTP/2 over TLS',
  command: (seat, requests) => [...kept(requests), ...inSecond, ...byTls(seat)],
};
/** Each request is the only one of its connection, and h2load resumes no session. At this rate few connections are open at once. */
export const handshakes: Protocol = {
  name: 'a new TLS connection',
  warm: 60,
  least: 60,
  command: (seat, requests) => [
    ...['h2load', '-n', String(requests), '-c', String(requests), '-r', '4', '--rate-period=5ms'],
    ...['--h1', ...inFirst, ...byTls(seat)],
  ],
};

/** Streams that a connection may have open: so many that no request waits until another one is answered. */
const streams = 20;
const connections = 8;

/** Requests at a fixed rate, sent when they are due, whatever is open; h2load writes the time of each answer to the file. */
export const atRate = (seat: Seat, perSecond: number, requests: number, file: string): readonly string[] => [
  ...['h2load', '-n', String(requests), '-c', String(connections), '-m', String(streams)],
  ...[`--rps=${perSecond / connections}`, `--log-file=${file}`, ...inSecond, ...byTls(seat)],
];

/**
 * Reads h2load's report.
 *
 * @throws when one of so many requests was not answered, or not by 2xx; the task knows no other 2xx than 200. Or when TLS was not 1.3:
 * a handshake of 1.2 costs another amount.
 */
export function checkAnswers(output: string, sent: number): void {
  const requests = /^requests: .* (\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout$/m.exec(
    output,
  );
  const codes = /^status codes: (\d+) 2xx, .*$/m.exec(output);
  if (requests === null || codes === null)
    throw new Error(`h2load did not report its requests; its output:\n${output.trim() || 'nothing'}`);
  const counts = [...requests.slice(1), codes[1]].map(Number);
  if (counts.join() !== [sent, sent, 0, 0, 0, sent].join())
    throw new Error(`not every request was answered by 200, so nothing was measured.
${requests[0]}
${codes[0]}`);
  const spoken = /^TLS Protocol: (.*)$/m.exec(output)?.[1] ?? 'TLSv1.3';
  if (spoken !== 'TLSv1.3')
    throw new Error(`the proxy spoke ${spoken}; let it offer TLS 1.3, or its CPU cannot be compared with the others'`);
}
