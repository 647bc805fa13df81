import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { load } from './compare';
import { atRate } from './load';
import type { Measured } from './measured';
import type { Stand } from './stand';

/** In ms, of the answers to requests at a fixed rate. */
export type Latency = { readonly median: number; readonly p99: number };

/** The first tenth of the requests waits for the TLS handshakes. */
const settled = 0.1;

export async function latencyOf(
  stand: Stand,
  { seat }: Measured,
  perSecond: number,
  seconds: number,
): Promise<Latency> {
  const file = join(stand.folder, `answers-${seat.https}.tsv`);
  const requests = Math.round(perSecond * seconds);
  await load(stand, atRate(seat, perSecond, requests, file), requests);
  // Start in µs since 1970, status, µs until the end of the answer, in the order of the ends.
  const answers = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split('\t').map(Number) as [start: number, status: number, microseconds: number])
    .sort(([a], [b]) => a - b)
    .slice(Math.round(requests * settled));
  const sorted = answers.map(([, , microseconds]) => microseconds / 1000).sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
  return { median: at(0.5), p99: at(0.99) };
}
