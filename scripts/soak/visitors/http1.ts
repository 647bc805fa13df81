import { createHash } from 'node:crypto';
import { Agent, type AgentOptions, type ClientRequest, type IncomingMessage, request as plainly } from 'node:http';
import { Agent as SecureAgent, request as securely } from 'node:https';

import { type Answer, completed, headOf, hostOf } from '../requests';
import { patienceMs, type Sending } from './sending';

/** HAProxy closes a connection that idles for 5 s; whoever sends at that moment loses the request, so these visitors close first. */
const kept: AgentOptions = { keepAlive: true, timeout: 4_000, maxSockets: 6 };
const fresh: AgentOptions = { keepAlive: false, maxSockets: 6 };
const trusting = { rejectUnauthorized: false };
const agents = {
  kept: [new Agent(kept), new SecureAgent({ ...kept, ...trusting })],
  fresh: [new Agent(fresh), new SecureAgent({ ...fresh, ...trusting })],
} as const;

const payload = Buffer.alloc(1 << 20, 'soak ');
const digest = (bytes: number): string => createHash('sha1').update(payload.subarray(0, bytes)).digest('hex');

type Expected = { readonly method: string; readonly path: string; readonly body?: Buffer; readonly answer?: string };

/** By kind: what is asked, and what a right answer is. */
function expected({ asked: { kind, id }, size }: Sending): Expected {
  if (kind === 'upload')
    return { method: 'POST', path: '/upload', body: payload.subarray(0, size), answer: digest(size) };
  if (kind === 'download') return { method: 'GET', path: `/download?bytes=${size}` };
  if (kind === 'POST') return { method: 'POST', path: '/', body: Buffer.from(`an order by ${id}`) };
  const isSlow = kind === 'GET, slow' || kind === 'GET, abandoned';
  return { method: 'GET', path: isSlow ? `/slow?ms=${200 + (size % 600)}` : '/', answer: 'hello' };
}

/** One request by HTTP/1.1, sent once, and its whole answer: a body that breaks off is none. */
export function ask(sending: Sending): Promise<Answer> {
  const { asked, size } = sending;
  const { method, path, body, answer = body?.toString() } = expected(sending);
  return new Promise((resolve) => {
    const outgoing = open(sending, { method, path });
    const patience = setTimeout(() => outgoing.destroy(new Error('no answer in 30 s')), patienceMs);
    let left = false;
    let head: ReturnType<typeof headOf> = {};
    const done = (found: Answer) => {
      clearTimeout(patience);
      resolve({ ...found, ...(left && { left }) });
    };
    outgoing.on('socket', () => sending.sent());
    outgoing.on('error', (error) => done({ ...head, error: error.message }));
    outgoing.on('response', (incoming) => {
      head = headOf(incoming.statusCode ?? 0, incoming.headers);
      const isRight = (text: string, bytes: number) => (answer === undefined ? bytes === size : text === answer);
      const whole = (text: string, bytes: number) => completed(asked.service, head, isRight(text, bytes), text);
      read(incoming, (text, bytes, error) => done(error ? { ...head, error } : whole(text, bytes)));
    });
    if (asked.kind === 'GET, abandoned')
      setTimeout(() => {
        left = true;
        outgoing.destroy(new Error('the visitor left'));
      }, 60);
    outgoing.end(body);
  });
}

function open({ asked, order, from }: Sending, what: { method: string; path: string }): ClientRequest {
  const { secure, kind, service, id } = asked;
  const pool = agents[kind === 'GET, connection new' ? 'fresh' : 'kept'];
  const to = { host: order.host, port: secure ? order.https : order.http, localAddress: from };
  const servername = hostOf(kind === 'GET, connection new' ? service : 'web');
  const options = { ...to, ...what, headers: { host: hostOf(service), 'x-soak': id } };
  return secure ? securely({ ...options, servername, agent: pool[1] }) : plainly({ ...options, agent: pool[0] });
}

function read(incoming: IncomingMessage, end: (text: string, bytes: number, error?: string) => void): void {
  let [text, bytes] = ['', 0];
  incoming.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (text.length < 1_000) text += chunk.toString('latin1');
  });
  incoming.on('error', (error) => end(text, bytes, `the answer broke off: ${error.message}`));
  incoming.on('end', () => end(text, bytes, incoming.complete ? undefined : 'the answer broke off'));
}
