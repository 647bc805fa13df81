import { setTimeout as pause } from 'node:timers/promises';

import { authorityFingerprints, covers, hostBelow } from '../certificates/certificate';
import type { Certificate } from '../generation/generation';
import type { File } from '../haproxy/render';
import { type Address, handshake, type Shown } from './handshake';

/** The served serials, by certificate, and a fault for each name that is not served as published. */
export type Proof = { readonly served: Readonly<Record<string, string>>; readonly faults: readonly string[] };

/**
 * Law 13: connects to the proxy with each name as a browser would, and without SNI. The authorities' certificates must match too: other
 * clients than browsers need them.
 * @param pems the installed files
 * @param patienceMs how long a process that a reload is ending may still answer
 */
export async function proveServed(
  proxy: Address,
  certificates: readonly Certificate[],
  pems: readonly File[],
  patienceMs: number,
): Promise<Proof> {
  const end = performance.now() + patienceMs;
  const all = certificates.map((certificate) => expectation(certificate, pems));
  const askEach = all.map(async (each, index) => {
    const hosts = each.names.map((name) => findFault(proxy, hostBelow(name), expectedFor(name, all), end));
    const found = await Promise.all([...hosts, ...(index === 0 ? [findFault(proxy, '', [each], end)] : [])]);
    return { ...each, faults: found.flatMap((fault) => fault ?? []) };
  });
  const asked = await Promise.all(askEach);
  const served = asked.flatMap(({ name, serial, faults }) => (faults.length > 0 ? [] : [[name, serial] as const]));
  return { served: Object.fromEntries(served), faults: asked.flatMap(({ faults }) => faults) };
}

const retryMs = 200;

type Expected = Certificate & { readonly authorities: readonly string[] };

const expectation = (certificate: Certificate, pems: readonly File[]): Expected => {
  const text = pems.find((file) => file.name === `${certificate.name}.pem`)?.text ?? '';
  return { ...certificate, authorities: authorityFingerprints(text) };
};

/** Two certificates may hold one name; HAProxy serves either. */
const expectedFor = (name: string, all: readonly Expected[]): readonly Expected[] =>
  all.filter(({ names }) => names.includes(name));

async function findFault(
  proxy: Address,
  servername: string,
  expected: readonly Expected[],
  end: number,
): Promise<string | undefined> {
  for (;;) {
    const answer = await handshake({ ...proxy, servername, timeoutMs: 2_000 }).catch((error: Error) => error);
    const fault =
      answer instanceof Error ? `${answer.message}; the next tick asks again` : compare(answer, servername, expected);
    if (fault === undefined || performance.now() + retryMs >= end) return fault;
    await pause(retryMs);
  }
}

function compare(shown: Shown, servername: string, expected: readonly Expected[]): string | undefined {
  const { serial, names, issuer } = shown.leaf;
  const says = `the proxy serves ${servername || 'a client without SNI'}`;
  const found = expected.find((each) => each.serial === serial);
  const published = expected.map((each) => each.serial).join(' or ');
  if (!found) return `${says} with serial ${serial}, not ${published} as published; ${advice}`;
  // HAProxy shows the first certificate for any name that it does not know.
  if (servername && !names.some((each) => covers(each, servername)))
    return `${says} with serial ${serial}, which is not for that name; ${advice}`;
  if (!shown.isWhole || found.authorities.join() !== shown.authorities.join())
    return `${says} without the certificates of its authorities (${issuer}); ${advice}`;
  return undefined;
}

const advice = 'the next tick asks again, and a restart of HAProxy loads what is on its disk';
