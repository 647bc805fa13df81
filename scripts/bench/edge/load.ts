import type { Seat } from './stand';

export type Protocol = 'HTTP/1.1 keep-alive' | 'HTTP/2 over TLS';
export const protocols: readonly Protocol[] = ['HTTP/1.1 keep-alive', 'HTTP/2 over TLS'];

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
const firstLines: Readonly<Record<Protocol, string>> = {
  'HTTP/1.1 keep-alive': 'Connection: keep-alive',
  'HTTP/2 over TLS': 'Priority: u=0, i',
};

/**
 * Sixteen connections with a request at a time each, by either protocol. Several at a time in one HTTP/2 connection would come
 * in bunches, and how large these are changes with the load of the machine.
 */
export function loadCommand(protocol: Protocol, seat: Seat, requests: number): readonly string[] {
  const isFirst = protocol === 'HTTP/1.1 keep-alive';
  const port = isFirst ? seat.http : seat.https;
  return [
    ...['h2load', '-n', String(requests), '-c', '16', `--connect-to=${seat.host}:${port}`],
    ...(isFirst ? ['--h1'] : []),
    ...[...headers, firstLines[protocol]].flatMap((header) => ['-H', header]),
    `${isFirst ? 'http' : 'https'}://${host}${page}`,
  ];
}

/**
 * Reads h2load's report.
 *
 * @throws when one of so many requests was not answered, or not by 2xx; the task knows no other 2xx than 200.
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
}
