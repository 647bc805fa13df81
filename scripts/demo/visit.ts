import { type Agent, request as plainly } from 'node:http';
import { request as securely } from 'node:https';
import { TLSSocket } from 'node:tls';

/** One request: `kept` reuses connections, `fresh` opens its own, `slow` waits for a slow answer. */
export type Plan = {
  readonly id: string;
  readonly kind: 'kept' | 'fresh' | 'slow';
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** By HTTPS. */
  readonly secure?: true;
  /** The `Host` header, if not the proxy's address. */
  readonly host?: string;
  /** The visitor's address. */
  readonly from?: string | undefined;
};

/** The outcome. Times are epoch milliseconds; `error` is present exactly when no complete answer arrived. */
export type Visit = Omit<Plan, 'path' | 'host' | 'from'> & {
  readonly start: number;
  readonly end: number;
  readonly status?: number;
  readonly task?: string;
  readonly error?: string;
  /** Of the certificate that the proxy showed. */
  readonly serial?: string;
};

/** No answer takes a second, so a visitor that waits this long has lost its request. */
const patienceMs = 30_000;

/** Sends one request, once, and reads the whole answer: a body that breaks off is no answer. */
export function visit(origin: string, { path, host, from, ...plan }: Plan, agent: Agent): Promise<Visit> {
  return new Promise((resolve) => {
    const start = Date.now();
    const headers = { 'x-demo-request': plan.id, accept: 'application/json', ...(host && { host }) };
    const request = plan.secure ? securely : plainly;
    const outgoing = request(origin + path, { method: plan.method, headers, agent, localAddress: from });
    const patience = setTimeout(() => outgoing.destroy(new Error('no answer in 30 s')), patienceMs);
    const done = (rest: Pick<Visit, 'status' | 'task' | 'error' | 'serial'>) => {
      clearTimeout(patience);
      resolve({ ...plan, start, end: Date.now(), ...rest });
    };

    outgoing.on('error', (error) => done({ error: error.message }));
    outgoing.on('response', (answer) => {
      const task = answer.headers['x-task'];
      const head = {
        status: answer.statusCode ?? 0,
        ...(typeof task === 'string' ? { task } : {}),
        ...shownOn(answer.socket),
      };
      answer.on('error', (error) => done({ ...head, error: `the answer broke off: ${error.message}` }));
      answer.on('end', () => done(answer.complete ? head : { ...head, error: 'the answer broke off' }));
      answer.resume();
    });
    outgoing.end(plan.method === 'POST' ? `an order by ${plan.id}` : undefined);
  });
}

/** On a reused connection the newer `getPeerX509Certificate` returns nothing (Node.js 20). */
const shownOn = (socket: unknown): Pick<Visit, 'serial'> =>
  socket instanceof TLSSocket ? { serial: socket.getPeerCertificate().serialNumber } : {};
