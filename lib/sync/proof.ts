import { setTimeout as pause } from 'node:timers/promises';

import { handshake } from '../handshake';
import type { Certificate } from '../haproxy/generation';
import type { Address } from './addresses';

/** The serial that each certificate is served with, by its name, and what is not served as it was published. */
export type Proof = { readonly served: Readonly<Record<string, string>>; readonly faults: readonly string[] };

/**
 * Law 13: asks the proxy itself, as a browser would, which certificate it serves for each name.
 *
 * @param patienceMs how long another answer may be taken for that of a process which a reload is ending
 */
export async function proveServed(
  proxy: Address,
  certificates: readonly Certificate[],
  patienceMs: number,
): Promise<Proof> {
  const end = performance.now() + patienceMs;
  const served: Record<string, string> = {};
  const faults: string[] = [];
  const askEach = certificates.map(async ({ name, names, serial }) => {
    const wrong = await Promise.all(names.map((host) => isWrong(proxy, host, serialsFor(host, certificates), end)));
    if (wrong.every((why) => why === undefined)) served[name] = serial;
    faults.push(...wrong.flatMap((why) => why ?? []));
  });
  await Promise.all(askEach);
  return { served, faults };
}

const retryMs = 200;

/** Two certificates may hold one name; HAProxy serves either. */
const serialsFor = (host: string, certificates: readonly Certificate[]): readonly string[] =>
  certificates.filter(({ names }) => names.includes(host)).map(({ serial }) => serial);

async function isWrong(
  { host, port }: Address,
  name: string,
  serials: readonly string[],
  end: number,
): Promise<string | undefined> {
  // Any name below a wildcard will do, as long as no other certificate has it.
  const servername = name.replace(/^\*/, 'sluice-proof');
  for (;;) {
    const answer = await handshake({ host, port, servername, timeoutMs: 2_000 }).catch((error: Error) => error);
    if ('serial' in answer && serials.includes(answer.serial)) return undefined;
    if (performance.now() + retryMs < end) {
      await pause(retryMs);
      continue;
    }
    if (!('serial' in answer)) return `${answer.message}; the next tick asks again`;
    return `the proxy serves ${servername} with serial ${answer.serial}, not ${serials.join(' or ')} as published; ${advice}`;
  }
}

const advice = 'the next tick asks again, and a restart of HAProxy loads what is on its disk';
