import { request } from 'node:https';

import { hostToAsk } from '../certificates/certificate';
import { askedHost } from '../haproxy/frontends';
import { handshake, parseAddress, type Question, refusal, type Shown } from './handshake';
import { embedded, type Metrics } from './metrics';

export type Entrance = {
  /** `host` or `host:port`. */
  readonly addresses: readonly string[];
  readonly certificates: readonly (readonly string[])[];
  readonly namespace: string;
};

/** A run of reconcile and this must stay far below the function's timeout. */
const patienceMs = 2_500;

/** Logs metrics, and faults in words. Never throws. */
export const probe =
  (
    { addresses, certificates, namespace }: Entrance,
    log: (message: string, fields: object) => void,
    now: () => number,
  ) =>
  async (): Promise<void> => {
    if (addresses.length === 0) return;
    const hosts = certificates.map((names, at) =>
      hostToAsk(
        names,
        certificates.filter((_, other) => other !== at),
      ),
    );
    const found = await Promise.all(addresses.map((address) => ask(address, hosts, now())));
    const lives = found.flatMap(({ lifeLeft }) => lifeLeft);
    const metrics: Metrics = {
      Unanswered: { value: found.filter(({ answers }) => !answers).length, unit: 'Count' },
      ...(lives.length > 0 && { LifeLeft: { value: Math.min(...lives), unit: 'Percent' } }),
    };
    const faults = found.flatMap((each) => each.faults);
    log('probed', { faults, ...embedded(namespace, now(), metrics) });
  };

type Found = { readonly answers: boolean; readonly lifeLeft: readonly number[]; readonly faults: readonly string[] };

async function ask(address: string, hosts: readonly string[], now: number): Promise<Found> {
  const question = { ...parseAddress(address), timeoutMs: patienceMs };
  const failed = (error: Error) => ({ fault: error.message });
  const [answer, ...served] = await Promise.all([
    requestHead({ ...question, servername: hosts[0] ?? '' }).catch(failed),
    ...hosts.map((servername) => handshake({ ...question, servername }).catch(failed)),
  ]);
  const lives = served.map((shown, index) =>
    'fault' in shown ? shown : lifeLeft(shown, address, hosts[index] ?? '', now),
  );
  return {
    answers: answer === undefined && served.every((shown) => !('fault' in shown)),
    lifeLeft: lives.flatMap((life) => ('left' in life ? life.left : [])),
    faults: [answer, ...lives].flatMap((each) => each?.fault ?? []),
  };
}

/** In percent; 0 for a certificate that a client would refuse. */
function lifeLeft(shown: Shown, address: string, host: string, now: number): { left: number; fault?: string } {
  const fault = refusal(shown, address, host);
  if (fault !== undefined) return { left: 0, fault };
  const { notBefore, notAfter } = shown.leaf;
  const left = Math.max(0, (100 * (notAfter - now)) / (notAfter - notBefore));
  return { left, ...(left === 0 && { fault: `${address} serves ${host} with a certificate that has expired` }) };
}

/** Any HTTP answer will do: a proxy that still runs the configuration of 0.1.0 does not know this host. */
const requestHead = ({ timeoutMs, ...where }: Question): Promise<undefined> =>
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
