import { setTimeout as pause } from 'node:timers/promises';

import { axios } from 'acme-client';
import type { AxiosError, AxiosResponse, InternalAxiosRequestConfig } from 'axios';

import { cut } from '../../printable';
import { type Problem, refusal, retryAt } from './refusal';

type Fault = Pick<AxiosError, 'message' | 'config' | 'cause'>;

// acme-client's own retries would wait as long as the CA says, which may be hours, and lose the reason of a network's fault.
axios.interceptors.request.clear();
axios.interceptors.response.clear();
axios.interceptors.request.use(bounded);
axios.interceptors.request.use(spaced);
axios.interceptors.response.use(refuseProblems, retryOrTell);
axios.defaults.validateStatus = () => true;

/** The HTTP under acme-client, for what it does not speak itself. */
export const http = axios;

/** How long to wait before each further try, between two nonces, and for an answer: a nonce takes a CA no time. */
export const patience = { waitsMs: [2_000, 5_000], nonceEveryMs: 100, nonceMs: 5_000, answerMs: 20_000 };

let nextNonceAt = 0;

/**
 * acme-client asks for a nonce before each request, and for a certificate's names all at once; Let's Encrypt gives an
 * address twenty a second and ten at once, and answers 503 to the others (its rate limits, overall requests).
 */
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
  // acme-client asks for another nonce and tries again.
  if (problem.type?.endsWith(':badNonce')) return answer;
  if (status >= 500) return retryOrTell({ message: `status ${status}: ${problem.detail ?? ''}`, config });
  throw refusal(`Asking ${config.url}`, problem, retryAt(headers['retry-after'], Date.now()));
}

/** Faults of the moment are waited out for some seconds: no network, 5xx. */
async function retryOrTell({ message, config, cause }: Fault): Promise<AxiosResponse> {
  const { tries = 0 } = (config ?? {}) as { tries?: number };
  const wait = patience.waitsMs[tries];
  if (config === undefined || wait === undefined) {
    const what = `Asking ${config?.url ?? 'the CA'}: ${message}`;
    throw new Error(`${what}; the certificates that are stored stay, the next run tries again`, { cause });
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
