import { request } from 'node:https';

import { covers, provingHost } from '../certificates/names';
import { askedHost } from '../haproxy/look';
import { type Shown, shown } from './handshake';
import { embedded, type Metrics } from './metrics';

/** What the world sees of a stage, and what it should see. */
export type Entrance = {
  /** Of the proxies: `address`, or `address:port` where the port is not 443. */
  readonly addresses: readonly string[];
  /** The names of each certificate that should be served. */
  readonly certificates: readonly (readonly string[])[];
  /** Where CloudWatch keeps the metrics. */
  readonly namespace: string;
};

/** Together with a run of reconcile this must stay far below the function's timeout. */
const patienceMs = 2_500;

/**
 * Asks every address from outside, as a browser would, and tells what it found as metrics, with the faults in words.
 * It never throws: what cannot be asked does not answer.
 */
export const probe =
  (
    { addresses, certificates, namespace }: Entrance,
    tell: (message: string, fields: object) => void,
    now: () => number,
  ) =>
  async (): Promise<void> => {
    if (addresses.length === 0) return;
    const found = await Promise.all(addresses.map((address) => ask(address, certificates.map(hostOf), now())));
    const lives = found.flatMap(({ lifeLeft }) => lifeLeft);
    const metrics: Metrics = {
      Unanswered: { value: found.filter(({ answers }) => !answers).length, unit: 'Count' },
      // Where nobody answers nothing is known of certificates.
      ...(lives.length > 0 && { LifeLeft: { value: Math.min(...lives), unit: 'Percent' } }),
    };
    const faults = found.flatMap((each) => each.faults);
    tell('probed', { faults, ...embedded(namespace, now(), metrics) });
  };

/** A host that shows this certificate; by a name that others have too, another one might answer. */
const hostOf = (names: readonly string[], index: number, all: readonly (readonly string[])[]): string =>
  provingHost(
    names,
    all.filter((_, other) => other !== index),
  ) ?? (names[0] ?? '').replace(/^\*/, 'sluice-asks');

type Found = { readonly answers: boolean; readonly lifeLeft: readonly number[]; readonly faults: readonly string[] };

async function ask(address: string, hosts: readonly string[], now: number): Promise<Found> {
  const [host = '', port = '443'] = address.split(':');
  const question = { host, port: Number(port), timeoutMs: patienceMs };
  const failed = (error: Error) => ({ fault: error.message });
  const [answer, ...served] = await Promise.all([
    answersRequest({ ...question, servername: hosts[0] ?? '' }).catch(failed),
    ...hosts.map((servername) => shown({ ...question, servername }).catch(failed)),
  ]);
  const leaves = served.map((leaf, index) => ('fault' in leaf ? leaf : life(leaf, address, hosts[index] ?? '', now)));
  const answers = answer === undefined && served.every((leaf) => !('fault' in leaf));
  return {
    answers,
    lifeLeft: leaves.flatMap((leaf) => ('left' in leaf ? leaf.left : [])),
    faults: [answer, ...leaves].flatMap((each) => each?.fault ?? []),
  };
}

type Life = { readonly left: number; readonly fault?: string };

/**
 * How much of its lifetime a certificate has left, in percent. One for other names, such as the stand-in, has none, nor has one
 * that only browsers would trust.
 */
function life(
  { leaf: { names, issuer, notBefore, notAfter }, isWhole }: Shown,
  address: string,
  host: string,
  now: number,
): Life {
  if (!names.some((name) => covers(name, host))) {
    const whose = names.length > 0 ? names.join(', ') : 'nobody (the stand-in)';
    return { left: 0, fault: `${address} serves for ${host} a certificate of ${whose}` };
  }
  if (!isWhole)
    return { left: 0, fault: `${address} serves for ${host} a certificate without that of ${issuer}, which issued it` };
  const left = Math.max(0, (100 * (notAfter - now)) / (notAfter - notBefore));
  return { left, ...(left === 0 && { fault: `${address} serves for ${host} a certificate that has ended` }) };
}

type Question = {
  readonly host: string;
  readonly port: number;
  readonly servername: string;
  readonly timeoutMs: number;
};

/** Any HTTP answer will do: a proxy that still runs the configuration of 0.1.0 does not know this host. */
const answersRequest = ({ timeoutMs, ...where }: Question): Promise<undefined> =>
  new Promise((resolve, reject) => {
    const fail = (why: string, cause: Error) =>
      reject(new Error(`${where.host}:${where.port} does not answer an HTTP request: ${why}`, { cause }));
    request({
      ...where,
      method: 'HEAD',
      headers: { host: askedHost, 'user-agent': 'sluice-tick' },
      rejectUnauthorized: false,
      agent: false,
      signal: AbortSignal.timeout(timeoutMs),
    })
      .on('response', (answer) => resolve(void answer.resume()))
      .on('error', (error) =>
        fail(error.name === 'AbortError' ? `no answer within ${timeoutMs} ms` : error.message, error),
      )
      .end();
  });
