import { setTimeout as pause } from 'node:timers/promises';

import { covers } from '../certificates/names';
import type { Certificate } from '../generation/generation';
import type { File } from '../haproxy/render';
import type { Address } from '../sync/addresses';
import { authoritiesIn } from '../sync/pem';
import { type Shown, shown } from './handshake';

/** The serial that each certificate is served with, by its name, and what is not served as it was published. */
export type Proof = { readonly served: Readonly<Record<string, string>>; readonly faults: readonly string[] };

/**
 * Law 13: asks the proxy itself, as a browser would, which certificate it serves for each name, and as a client without SNI;
 * with the authorities' certificates, which other clients than browsers need.
 *
 * @param pems the installed files
 * @param patienceMs how long another answer may be taken for that of a process which a reload is ending
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
    const hosts = each.names.map((host) => isWrong(proxy, host, expectedFor(host, all), end));
    // The first is also for who names no host.
    const wrong = await Promise.all([...hosts, ...(index === 0 ? [isWrong(proxy, '', [each], end)] : [])]);
    return { ...each, faults: wrong.flatMap((why) => why ?? []) };
  });
  const asked = await Promise.all(askEach);
  const served = asked.flatMap(({ name, serial, faults }) => (faults.length > 0 ? [] : [[name, serial] as const]));
  return { served: Object.fromEntries(served), faults: asked.flatMap(({ faults }) => faults) };
}

const retryMs = 200;

type Expected = Certificate & { readonly authorities: readonly string[] };

const expectation = (certificate: Certificate, pems: readonly File[]): Expected => {
  const text = pems.find((file) => file.name === `${certificate.name}.pem`)?.text ?? '';
  return { ...certificate, authorities: authoritiesIn(text) };
};

/** Two certificates may hold one name; HAProxy serves either. */
const expectedFor = (host: string, all: readonly Expected[]): readonly Expected[] =>
  all.filter(({ names }) => names.includes(host));

async function isWrong(
  { host, port }: Address,
  name: string,
  expected: readonly Expected[],
  end: number,
): Promise<string | undefined> {
  // Any name below a wildcard will do, as long as no other certificate has it.
  const servername = name.replace(/^\*/, 'sluice-proof');
  for (;;) {
    const answer = await shown({ host, port, servername, timeoutMs: 2_000 }).catch((error: Error) => error);
    const fault = answer instanceof Error ? `${answer.message}; the next tick asks again` : judged(answer);
    if (fault === undefined || performance.now() + retryMs >= end) return fault;
    await pause(retryMs);
  }

  function judged({ leaf: { serial, names, issuer }, authorities, isWhole }: Shown): string | undefined {
    const whom = servername || 'a client without SNI';
    const found = expected.find((each) => each.serial === serial);
    const published = expected.map((each) => each.serial).join(' or ');
    if (!found) return `the proxy serves ${whom} with serial ${serial}, not ${published} as published; ${advice}`;
    // HAProxy shows the first certificate for any name that it does not know.
    if (servername && !names.some((each) => covers(each, servername)))
      return `the proxy serves ${whom} with serial ${serial}, which is not for that name; ${advice}`;
    if (!isWhole || found.authorities.join() !== authorities.join())
      return `the proxy serves ${whom} without the certificates of its authorities (${issuer}); ${advice}`;
    return undefined;
  }
}

const advice = 'the next tick asks again, and a restart of HAProxy loads what is on its disk';
