import * as http from 'node:http';
import * as https from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';

export type Answer = { readonly status: number; readonly body: string };
export type Options = { readonly method?: string; readonly headers?: Record<string, string>; readonly body?: string };

/** One HTTP request, repeated later and later while its fault is a passing one: no network, 5xx, throttling. */
export async function request(url: string, patienceMilliseconds: number, options: Options): Promise<Answer> {
  const began = performance.now();
  for (let wait = 200; ; wait *= 2) {
    const answer = await attempt(url, options).catch((error: Error) => error);
    const late = performance.now() - began + wait > patienceMilliseconds;
    if (!(answer instanceof Error) && (late || !isPassing(answer))) return answer;
    if (answer instanceof Error && late) throw new Error(`no answer from ${url}: ${answer.message}`, { cause: answer });
    await pause(wait);
  }
}

/** Systems Manager throttles with status 400. */
const isPassing = ({ status, body }: Answer): boolean =>
  status >= 500 ||
  status === 429 ||
  (status === 400 && /Throttling|TooManyRequests|RequestLimitExceeded/.test(body.slice(0, 200)));

const attempt = (url: string, { method = 'GET', headers = {}, body = '' }: Options): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const call = (url.startsWith('https:') ? https : http).request(
      url,
      { method, headers, timeout: 4_000 },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
      },
    );
    call.on('error', reject).on('timeout', () => call.destroy(new Error('timed out')));
    call.end(body);
  });
