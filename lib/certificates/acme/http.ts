import { type IncomingHttpHeaders, type IncomingMessage, request as overHttp } from 'node:http';
import { request as overHttps } from 'node:https';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';

import { cut } from '../../printable';
import { parseJson } from '../../settings';

type Asked = {
  readonly url: string;
  /** In any case. */
  readonly method: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly data?: object;
};
/** `data` is a text where the answer is no JSON. */
export type Answer<Data> = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly data: Data };
type Fault = { readonly message: string; readonly cause?: unknown };

/** Only an order needs it, and loading it takes longer than all the rest of the function. */
export async function loadAcme() {
  const acme = await import('acme-client');
  // Its own requests would wait as long as the CA says, perhaps hours, and lose the cause of a network fault.
  Object.assign(acme.axios, { request: ask });
  return acme;
}

/** Waits before another try, between two nonces, for a nonce (a CA answers at once), and for other answers. */
export const patience = { waitsMs: [2_000, 5_000], nonceEveryMs: 100, nonceMs: 5_000, answerMs: 20_000 };

/** Asks the CA again where it failed or did not answer. @throws Refusal where it refused. */
export async function ask<Data>(asked: Asked): Promise<Answer<Data>> {
  for (let tries = 0; ; tries++) {
    const found = await answerOrFault(asked);
    if ('status' in found) return found as Answer<Data>;
    const { message, cause } = found;
    const wait = patience.waitsMs[tries];
    if (wait === undefined) {
      const fault = `Asking ${asked.url}: ${message}`;
      throw new Error(`${fault}; the certificates that are stored stay, the next run tries again`, { cause });
    }
    await pause(wait);
  }
}

async function answerOrFault(asked: Asked): Promise<Answer<unknown> | Fault> {
  const isNonce = asked.method.toLowerCase() === 'head';
  if (isNonce) await nextNonce();
  const waitMs = isNonce ? patience.nonceMs : patience.answerMs;
  const signal = AbortSignal.timeout(waitMs);
  try {
    return judge(asked, await send(asked, signal));
  } catch (error) {
    if (error instanceof Refusal) throw error;
    if (signal.aborted) return { message: `it did not answer within ${waitMs / 1000} s`, cause: error };
    // Where a name has several addresses, the error has no words (Node.js: AggregateError).
    const { message, code = '' } = error as NodeJS.ErrnoException;
    return { message: message || code, cause: error };
  }
}

let nextNonceAt = 0;

/** acme-client asks for many nonces at once; Let's Encrypt answers twenty a second, else 503 (overall requests limit). */
async function nextNonce(): Promise<void> {
  const at = Math.max(nextNonceAt, performance.now());
  nextNonceAt = at + patience.nonceEveryMs;
  await pause(Math.max(0, at - performance.now()));
}

function judge({ url }: Asked, answer: Answer<unknown>): Answer<unknown> | Fault {
  const { status, data, headers } = answer;
  if (status < 400) return answer;
  const problem = problemIn(data);
  // acme-client itself tries again.
  if (problem.type?.endsWith(':badNonce')) return answer;
  if (status >= 500) return { message: `status ${status}: ${problem.detail ?? ''}` };
  throw refusal(`Asking ${url}`, problem, retryAt(headers['retry-after'], Date.now()));
}

const mostRedirects = 5;

async function send(asked: Asked, signal: AbortSignal, redirects = 0): Promise<Answer<unknown>> {
  const { statusCode: status = 0, headers, said } = await exchange(asked, signal);
  if (headers.location === undefined || status < 300 || status > 399)
    return { status, headers, data: parseJson(said) ?? said };
  if (redirects === mostRedirects) throw new Error(`it redirects more than ${mostRedirects} times`);
  // A signed request holds for its own address only (RFC 8555, section 6.4).
  const method = asked.method.toLowerCase() === 'head' ? 'HEAD' : 'GET';
  return send({ url: new URL(headers.location, asked.url).href, method }, signal, redirects + 1);
}

function exchange({ url, method, headers, data }: Asked, signal: AbortSignal) {
  const request = url.startsWith('http:') ? overHttp : overHttps;
  // RFC 8555, section 6.1, demands the first.
  const own = { 'User-Agent': 'sluice (acme-client)', Accept: '*/*' };
  const options = { method: method.toUpperCase(), headers: { ...own, ...headers }, signal };
  return new Promise<Pick<IncomingMessage, 'statusCode' | 'headers'> & { said: string }>((resolve, reject) => {
    const sent = request(url, options, (answer) => {
      const { statusCode, headers } = answer;
      text(answer).then((said) => resolve({ statusCode, headers, said }), reject);
    });
    sent.on('error', reject);
    sent.end(data && JSON.stringify(data));
  });
}

function problemIn(data: unknown): Problem {
  if (typeof data === 'object' && data !== null) return data as Problem;
  return { detail: cut(String(data), 200) };
}

/** RFC 8555, section 6.7: {"type": "urn:ietf:params:acme:error:caa", "detail": "…"}. */
export type Problem = {
  readonly type?: string;
  readonly detail?: string;
  /** A page to read, for `userActionRequired` (RFC 8555, section 7.3.3). */
  readonly instance?: string;
  readonly subproblems?: readonly (Problem & { readonly identifier?: { readonly value?: string } })[];
};

export class Refusal extends Error {
  override readonly name = 'Refusal';
  constructor(
    message: string,
    readonly kind: string,
    /** Epoch milliseconds; 0 without `Retry-After`. */
    readonly retryAt: number,
  ) {
    super(message);
  }
}

const contact = 'change contact in the settings';
const keyType = 'change keyType or the names in the settings, or name another CA in acmeDirectory';

const advice: Readonly<Record<string, string>> = {
  rateLimited: 'nothing to do: it is tried again when the CA allows it',
  caa: 'add a CAA record that allows this CA, or take away the one that forbids it',
  dns: 'check whether the domain is delegated to the name servers of its hosted zone, and its DNSSEC is right',
  rejectedIdentifier: 'remove the name from the settings',
  malformed: 'compare the names and the profile in the settings with what this CA takes',
  unauthorized: 'check which other name server answers for the name, and whether the account still exists at the CA',
  userActionRequired: 'read what the CA asks for; it may have new terms',
  externalAccountRequired:
    'this CA binds each account to one that you have with it (external account binding), which Sluice cannot do; name another CA in acmeDirectory',
  invalidContact: contact,
  unsupportedContact: contact,
  unsupportedIdentifier: 'remove the name from the settings, or name another CA in acmeDirectory',
  invalidProfile: 'change acmeProfile in the settings',
  badCSR: keyType,
  badPublicKey: keyType,
};

export function refusal(doing: string, problem: Problem, retryAt = 0): Refusal {
  const kind = (problem.type ?? 'unknown').replace(/^.*:/, '');
  const reasons = [problem, ...(problem.subproblems ?? [])].map(sentence).filter((words) => words !== '');
  if (problem.instance) reasons.push(`see ${problem.instance}`);
  const next = advice[kind] ?? 'the next run tries again';
  return new Refusal(`${doing}: the CA refused (${kind}): ${reasons.join('; ')}; ${next}`, kind, retryAt);
}

function sentence({ detail = '', ...problem }: Problem): string {
  const { identifier } = problem as { identifier?: { value?: string } };
  const words = detail.replace(/\s+/g, ' ').replace(/[.;\s]+$/, '');
  return identifier?.value ? `${identifier.value}: ${words}` : words;
}

/** A month: after a longer wait certificates end, and a wrong header may name a time that no `Date` holds. */
const mostWaitMs = 31 * 86_400_000;

/** RFC 9110, section 10.2.3: seconds or a date. Returns epoch milliseconds. */
export function retryAt(header: unknown, now: number): number | undefined {
  if (typeof header !== 'string') return undefined;
  const text = header.trim();
  // `Date.parse` alone would take "1.5" for a day of 2001.
  const at = /^\d+$/.test(text)
    ? now + Number(text) * 1000
    : /^[A-Z][a-z]+,? /.test(text)
      ? Date.parse(text)
      : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.min(at, now + mostWaitMs);
}
