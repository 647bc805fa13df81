import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { Agent, createServer, request } from 'node:https';

import { bodyOf, listen } from '../../real/loopback';

export type Ask = { readonly method: string; readonly path: string; readonly headers: object; readonly body: Buffer };
/** An answer of the CA, or one that is made up in its place. */
export type Told = { readonly status: number; readonly headers: NodeJS.Dict<string | string[]>; readonly body: Buffer };
/** Answers a request, with the CA's help or without; `undefined` closes the connection without an answer. */
export type Answerer = (ask: Ask, ca: Ca) => Promise<Told | undefined>;

type Send = (ask: Ask) => Promise<Told>;
type Ca = { readonly pass: Send; readonly nonce: () => Promise<Told> };
type Window = { readonly start: Date; readonly end: Date };
type Payload = { readonly path: string; readonly payload: Record<string, unknown> };
type Front = Ca & {
  readonly directory: Readonly<Record<string, string>>;
  /** The windows that are answered here, by RFC 9773's name of the certificate. */
  readonly windows: Map<string, Window>;
  readonly payloads: readonly Payload[];
  answerer: Answerer;
};

/**
 * Stands before a real ACME server: passes everything on as it is, `Host` too, so that its URLs lead here again. It notes what
 * was asked, and adds `renewalInfo`, and nothing else, where the server has none. Unless `countsOldProofs`, an order that an old
 * proof would serve is refused like one with a bad nonce.
 */
export async function acmeFront(upstream: string, credentials: object, countsOldProofs: boolean) {
  const front = await frontOf((ask) => forward(upstream, ask), countsOldProofs);
  const { port, stop } = await listen(
    createServer(credentials, (incoming, response) => {
      answer(front, incoming, response).catch(() => incoming.socket.destroy());
    }),
  );
  return {
    directory: `https://127.0.0.1:${port}/dir`,
    /** The path of a resource of the directory, such as `newOrder`; else the path itself. */
    pathOf: (what: string): string => (what in front.directory ? pathOf(front.directory, what) : what),
    /** The payloads of signed requests that the CA did not refuse. */
    payloads: front.payloads,
    /** Sets when a certificate, by RFC 9773's name of it, shall be renewed. */
    setWindow: (id: string, window: Window): void => void front.windows.set(id, window),
    /** Sends these answers from now on, for a test of what a CA may do. */
    answerBy: (answerer: Answerer): void => void Object.assign(front, { answerer }),
    stop,
  };
}

export type AcmeFront = Awaited<ReturnType<typeof acmeFront>>;

const pathOf = (directory: Front['directory'], resource: string): string => new URL(directory[resource] ?? '').pathname;

async function frontOf(send: Send, countsOldProofs: boolean): Promise<Front> {
  // Pebble answers only a client that names itself (RFC 8555, section 6.1).
  const own = (method: string, path: string) =>
    send({ method, path, headers: { 'user-agent': 'sluice-local' }, body: Buffer.alloc(0) });
  const directory = JSON.parse((await own('GET', '/dir')).body.toString()) as Front['directory'];
  const nonce = () => own('HEAD', pathOf(directory, 'newNonce'));
  const sendOn = countsOldProofs ? send : withoutOldProofs(send, pathOf(directory, 'newOrder'), nonce);
  const payloads: Payload[] = [];
  const pass: Send = async (ask) => {
    const told = await sendOn(ask);
    const payload = payloadIn(ask.body);
    if (payload && told.status < 400) payloads.push({ path: ask.path, payload });
    return told;
  };
  return { directory, pass, nonce, windows: new Map(), payloads, answerer: pass };
}

async function answer(front: Front, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = 'GET', url: path = '/', headers } = incoming;
  const ask = { method, path, headers, body: await bodyOf(incoming) };
  const [, id = ''] = /^\/.*enewal-?[iI]nfo\/(.+)$/.exec(path) ?? [];
  const hasOwn = 'renewalInfo' in front.directory;
  const isOurs = front.windows.has(id) || (id !== '' && !hasOwn);
  const told = isOurs ? renewalInfo(front.windows.get(id)) : await front.answerer(ask, front);
  if (told === undefined) return void incoming.socket.destroy();
  tell(response, path === '/dir' && !hasOwn ? withRenewalInfo(told, String(headers.host)) : told);
}

/** Pebble counts an old proof for one name in a hundred, though it is set to count none. The client has to place such an order again. */
function withoutOldProofs(send: Send, newOrder: string, nonce: Ca['nonce']): Send {
  const authorizations = new Set<string>();
  return async (ask) => {
    const told = await send(ask);
    if (ask.path !== newOrder || told.status !== 201) return told;
    const given = (JSON.parse(told.body.toString()) as { authorizations: string[] }).authorizations;
    const isOld = given.some((url) => authorizations.has(url));
    for (const url of given) authorizations.add(url);
    return isOld ? problem({ type: 'badNonce', detail: 'it has an old proof', status: 400 }, await nonce()) : told;
  };
}

/** An ACME error (RFC 8555, section 6.7); the type without its prefix, such as `rateLimited`. */
export type Problem = {
  readonly type: string;
  readonly detail: string;
  readonly status?: number;
  readonly retryAfter?: string;
};

/** An error answer; like any of an ACME server it has a nonce for the next request. */
export function problem({ type, detail, status = 403, retryAfter }: Problem, { headers }: Told): Told {
  const body = Buffer.from(JSON.stringify({ type: `urn:ietf:params:acme:error:${type}`, detail, status }));
  const more = { 'content-type': 'application/problem+json', 'replay-nonce': headers['replay-nonce'] };
  return { status, headers: { ...more, ...(retryAfter && { 'retry-after': retryAfter }) }, body };
}

function withRenewalInfo(told: Told, host: string): Told {
  const directory = { ...JSON.parse(told.body.toString()), renewalInfo: `https://${host}/renewal-info` };
  return { ...told, body: Buffer.from(JSON.stringify(directory)) };
}

/** By default the last third of ninety days, to be kept for six hours (RFC 9773, section 4.3). */
function renewalInfo(given: Window | undefined): Told {
  const afterDays = (days: number) => new Date(Date.now() + 86_400_000 * days);
  const suggestedWindow = given ?? { start: afterDays(60), end: afterDays(63) };
  const headers = { 'content-type': 'application/json', 'retry-after': '21600' };
  return { status: 200, headers, body: Buffer.from(JSON.stringify({ suggestedWindow })) };
}

const agent = new Agent({ rejectUnauthorized: false, keepAlive: true });

export const forward = (upstream: string, { method, path, headers, body }: Ask): Promise<Told> =>
  new Promise((resolve, reject) => {
    const call = request(new URL(path, upstream), { method, headers: { ...headers }, agent }, (incoming) => {
      const { statusCode: status = 502, headers: own } = incoming;
      bodyOf(incoming).then((text) => resolve({ status, headers: own, body: text }), reject);
    });
    call.on('error', reject).end(body);
  });

function tell(response: ServerResponse, { status, headers, body }: Told): void {
  const { 'transfer-encoding': _, connection, ...rest } = headers;
  // An answer to HEAD states a length without having it.
  const length = body.length > 0 ? { 'content-length': String(body.length) } : {};
  response.writeHead(status, { ...rest, ...length } as OutgoingHttpHeaders);
  response.end(body);
}

function payloadIn(body: Buffer): Record<string, unknown> | undefined {
  try {
    const { payload } = JSON.parse(body.toString()) as { payload?: string };
    return payload ? (JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
