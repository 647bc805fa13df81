import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { Agent, createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';

import { type AcmeFault, invalidated, problem, type Told, type Window, window, withRenewalInfo } from './acme-answers';

export type AcmeFront = {
  readonly directory: string;
  /** What signed requests carried that were not refused. */
  readonly payloads: readonly { readonly path: string; readonly payload: Record<string, unknown> }[];
  /** The next requests are refused: to a resource of the directory, such as `newOrder`, or to a path that contains this. */
  refuse(what: string, fault: AcmeFault, times?: number): void;
  /** The CA does what the next request to a path that contains this asks, but its answer is lost. */
  lose(path: string): void;
  /** Every order that was placed becomes invalid, in these words; `undefined`: no more. */
  invalidate(fault: AcmeFault | undefined): void;
  /** What is fetched at paths that contain this is told otherwise; `undefined`: no more. */
  alter(path: string, change: ((text: string) => string) | undefined): void;
  /** Closes every connection without an answer. */
  down(now: boolean): void;
  /** `stand-in` where the CA behind has no ARI and this answers for it. */
  readonly ari: 'own' | 'stand-in';
  /** What is answered here for a certificate, by RFC 9773's name of it. */
  readonly windows: Map<string, Window>;
  stop(): Promise<void>;
};

type Credentials = { readonly key: string; readonly cert: string };
type Ask = { readonly method: string; readonly path: string; readonly headers: object; readonly body: Buffer };

/**
 * Stands before a real ACME server: passes everything on as it is, `Host` too, so that its URLs lead here again. It notes what
 * was asked, refuses where a test wants it, and adds `renewalInfo`, and nothing else, where the server has none. Unless
 * `countsOldProofs`, an order that an old proof would serve is refused like one with a bad nonce.
 */
export async function acmeFront(
  upstream: string,
  credentials: Credentials,
  countsOldProofs: boolean,
): Promise<AcmeFront> {
  const agent = new Agent({ rejectUnauthorized: false, keepAlive: true });
  const payloads: { path: string; payload: Record<string, unknown> }[] = [];
  const refusals: { path: string; fault: AcmeFault; left: number; done: boolean }[] = [];
  const windows = new Map<string, Window>();
  const lost: string[] = [];
  const alterations = new Map<string, (text: string) => string>();
  let isDown = false;
  let invalid: AcmeFault | undefined;
  const send = (ask: Ask) => forward(upstream, agent, ask);
  // Pebble answers nobody without a name (RFC 8555, section 6.1).
  const own = (method: string, path: string) =>
    send({ method, path, headers: { 'user-agent': 'sluice-local' }, body: Buffer.alloc(0) });
  const offered = JSON.parse((await own('GET', '/dir')).body.toString());
  const pathOf = (resource: string): string => new URL(String(offered[resource])).pathname;
  const nonce = () => own('HEAD', pathOf('newNonce'));
  const pass = countsOldProofs ? send : withoutOldProofs(send, pathOf('newOrder'), nonce);
  const ari = 'renewalInfo' in offered ? 'own' : 'stand-in';

  async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    if (isDown) return void incoming.socket.destroy();
    const { method = 'GET', url: path = '/', headers } = incoming;
    const body = await all(incoming);
    const [, id = ''] = /^\/.*enewal-?[iI]nfo\/(.+)$/.exec(path) ?? [];
    if (windows.has(id) || (id && ari === 'stand-in')) return tell(response, window(windows.get(id)));
    const refusal = refusals.find((each) => path.includes(each.path) && each.left-- > 0);
    refusal?.fault.meanwhile?.();
    if (refusal?.fault.isDone && !refusal.done) {
      const told = await pass({ method, path, headers, body });
      // A request whose nonce is refused does not count: the client sends it again.
      if (told.body.includes(':badNonce')) return void [refusal.left++, tell(response, told)];
      refusal.done = true;
    }
    // A refused request has a nonce for the next, as from any ACME server.
    if (refusal) return tell(response, problem(refusal.fault, await nonce()));
    const told = await pass({ method, path, headers, body });
    const payload = payloadIn(body);
    if (payload && told.status < 400) payloads.push({ path, payload });
    const at = told.status < 400 ? lost.findIndex((each) => path.includes(each)) : -1;
    if (at >= 0) return void [lost.splice(at, 1), incoming.socket.destroy()];
    if (path === '/dir' && ari === 'stand-in') return tell(response, withRenewalInfo(told, String(headers.host)));
    const [, change] = [...alterations].find(([each]) => path.includes(each)) ?? [];
    if (change && told.status === 200)
      return tell(response, { ...told, body: Buffer.from(change(told.body.toString())) });
    tell(response, invalid && told.status === 200 ? invalidated(told, invalid) : told);
  }

  const server = createServer(credentials, (incoming, response) => {
    answer(incoming, response).catch(() => incoming.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    directory: `https://127.0.0.1:${(server.address() as AddressInfo).port}/dir`,
    payloads,
    refuse: (what, fault, times = 1) => {
      const path = what in offered ? pathOf(what) : what;
      refusals.push({ path, fault, left: times, done: false });
    },
    lose: (path) => void lost.push(path),
    invalidate: (fault) => {
      invalid = fault;
    },
    alter: (path, change) => void (change ? alterations.set(path, change) : alterations.delete(path)),
    down: (now) => {
      isDown = now;
      server.closeAllConnections();
    },
    ari,
    windows,
    stop: () =>
      new Promise((resolve) => {
        agent.destroy();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Pebble counts an old proof for one name in a hundred, though told to count none. Such an order the client has to place again. */
function withoutOldProofs(send: (ask: Ask) => Promise<Told>, newOrder: string, nonce: () => Promise<Told>) {
  const authorizations = new Set<string>();
  return async (ask: Ask): Promise<Told> => {
    const told = await send(ask);
    if (ask.path !== newOrder || told.status !== 201) return told;
    const given = (JSON.parse(told.body.toString()) as { authorizations: string[] }).authorizations;
    const isOld = given.some((url) => authorizations.has(url));
    for (const url of given) authorizations.add(url);
    return isOld ? problem({ type: 'badNonce', detail: 'it has an old proof', status: 400 }, await nonce()) : told;
  };
}

function forward(upstream: string, agent: Agent, { method, path, headers, body }: Ask): Promise<Told> {
  return new Promise((resolve, reject) => {
    const call = request(new URL(path, upstream), { method, headers: { ...headers }, agent }, (incoming) => {
      const { statusCode = 502 } = incoming;
      all(incoming).then((text) => resolve({ status: statusCode, headers: incoming.headers, body: text }), reject);
    });
    call.on('error', reject).end(body);
  });
}

function tell(response: ServerResponse, { status, headers, body }: Told): void {
  const { 'transfer-encoding': _, connection, ...rest } = headers;
  // An answer to HEAD says a length without having it.
  const length = body.length > 0 ? { 'content-length': String(body.length) } : {};
  response.writeHead(status, { ...rest, ...length } as OutgoingHttpHeaders);
  response.end(body);
}

async function all(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function payloadIn(body: Buffer): Record<string, unknown> | undefined {
  try {
    const { payload } = JSON.parse(body.toString()) as { payload?: string };
    return payload ? (JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
