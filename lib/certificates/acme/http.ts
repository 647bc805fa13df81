import { setTimeout as pause } from 'node:timers/promises';

import { axios } from 'acme-client';
import type { AxiosError, AxiosResponse, InternalAxiosRequestConfig } from 'axios';

import { cut } from '../../printable';

type Fault = Pick<AxiosError, 'message' | 'config' | 'cause'>;

// Removes acme-client's own: they would wait as long as the CA says, perhaps hours, and lose the cause of a network fault.
axios.interceptors.request.clear();
axios.interceptors.response.clear();
axios.interceptors.request.use(bounded);
axios.interceptors.request.use(spaced);
axios.interceptors.response.use(refuseProblems, retryOrThrow);
axios.defaults.validateStatus = () => true;

export const http = axios;

/** Waits before another try, between two nonces, for a nonce (a CA answers at once), and for other answers. */
export const patience = { waitsMs: [2_000, 5_000], nonceEveryMs: 100, nonceMs: 5_000, answerMs: 20_000 };

let nextNonceAt = 0;

/** acme-client asks for many nonces at once; Let's Encrypt answers twenty a second, else 503 (overall requests limit). */
async function spaced(config: InternalAxiosRequestConfig): Promise<InternalAxiosRequestConfig> {
  if (config.method !== 'head') return config;
  const at = Math.max(nextNonceAt, performance.now());
  nextNonceAt = at + patience.nonceEveryMs;
  await pause(at - performance.now());
  return config;
}

function bounded(config: InternalAxiosRequestConfig): InternalAxiosRequestConfig {
  return Object.assign(config, { timeout: config.method === 'head' ? patience.nonceMs : patience.answerMs });
}

async function refuseProblems(answer: AxiosResponse): Promise<AxiosResponse> {
  const { status, data, headers, config } = answer;
  if (status < 400) return answer;
  const problem = problemIn(data);
  // acme-client itself tries again.
  if (problem.type?.endsWith(':badNonce')) return answer;
  if (status >= 500) return retryOrThrow({ message: `status ${status}: ${problem.detail ?? ''}`, config });
  throw refusal(`Asking ${config.url}`, problem, retryAt(headers['retry-after'], Date.now()));
}

async function retryOrThrow({ message, config, cause }: Fault): Promise<AxiosResponse> {
  const { tries = 0 } = (config ?? {}) as { tries?: number };
  const wait = patience.waitsMs[tries];
  if (config === undefined || wait === undefined) {
    const fault = `Asking ${config?.url ?? 'the CA'}: ${message}`;
    throw new Error(`${fault}; the certificates that are stored stay, the next run tries again`, { cause });
  }
  await pause(wait);
  return http.request(Object.assign(config, { tries: tries + 1 }));
}

function problemIn(data: unknown): Problem {
  if (typeof data === 'object' && data !== null) return data as Problem;
  try {
    return JSON.parse(String(data)) as Problem;
  } catch {
    return { detail: cut(String(data), 200) };
  }
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
