import { once } from 'node:events';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';

import { type Secure, secureOrigin, trusting } from './secure';

/** What two connections carried that were open all the while. */
export type Held = {
  /** Requests, one after the other, on the one that was kept. */
  readonly requests: number;
  /** Of one transfer, there and back. */
  readonly bytes: number;
};

/** Shorter than HAProxy keeps an idle connection. */
const everyMs = 1_000;
const chunk = Buffer.alloc(4_096, 'sluice ');
const chunkEveryMs = 100;

/**
 * Holds two connections by HTTPS: one that is used again and again, and one whose answer is downloaded while the request
 * is still being sent.
 *
 * @returns what ends both, and says what they carried. @throws then when either broke.
 */
export function holdOpen(secure: Secure): () => Promise<Held> {
  const end = new AbortController();
  const both = Promise.all([useAgain(secure, end.signal), transfer(secure, end.signal)]);
  // Told when it is asked for; until then a failure is not an unhandled one.
  both.catch(() => {});
  return async () => {
    end.abort();
    const [requests, bytes] = await both;
    return { requests, bytes };
  };
}

/** The last request comes after the end was asked for. */
async function useAgain(secure: Secure, end: AbortSignal): Promise<number> {
  const agent = trusting(secure, { keepAlive: true, maxSockets: 1 });
  const ports = new Set<number | undefined>();
  for (let requests = 1; ; requests += 1) {
    const last = end.aborted;
    const asked = request(secureOrigin(secure), { agent });
    const { statusCode } = await wholeAnswer(asked.end());
    ports.add(asked.socket?.localPort);
    if (statusCode !== 200) throw new Error(`on a kept connection the answer was ${statusCode}`);
    if (ports.size > 1) throw new Error(`a kept connection ended after ${requests - 1} requests`);
    if (last) {
      agent.destroy();
      return requests;
    }
    await sleep(everyMs, undefined, { signal: end }).catch(() => {});
  }
}

async function transfer(secure: Secure, end: AbortSignal): Promise<number> {
  const asked = request(secureOrigin(secure), { method: 'POST', agent: trusting(secure, {}) });
  // What breaks after its beginning, the answer tells.
  asked.on('error', () => {});
  const [sent, { statusCode, bytes }] = await Promise.all([sendUntil(asked, end), wholeAnswer(asked)]);
  if (statusCode !== 200 || bytes !== sent)
    throw new Error(`a transfer broke off: of ${sent} bytes ${bytes} came back, with status ${statusCode}`);
  return bytes;
}

async function sendUntil(asked: ClientRequest, end: AbortSignal): Promise<number> {
  let sent = 0;
  while (!end.aborted) {
    asked.write(chunk);
    sent += chunk.length;
    await sleep(chunkEveryMs, undefined, { signal: end }).catch(() => {});
  }
  asked.end();
  return sent;
}

async function wholeAnswer(asked: ClientRequest) {
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  let bytes = 0;
  for await (const part of answer) bytes += (part as Buffer).length;
  return { statusCode: answer.statusCode, bytes };
}
