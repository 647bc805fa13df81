import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { OutgoingHttpHeaders } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

import type { Labels } from '../../lib/edge/label';
import { render } from '../../lib/haproxy/render';
import { type StageSettings, usualSettings } from '../../lib/haproxy/stage';
import { type Instance, startInstance } from '../../scripts/proxy/instance';
import { exchange, type Listening } from './edge-exchange';
import { type Asking, http2Client } from './edge-http2';
import { backend, listen } from './haproxy-tasks';
import { until } from './until';

/** A request that reached a task. */
type Reached = {
  readonly task: string;
  readonly method: string;
  readonly url: string;
  /** Each header line, as `Name: value`. */
  readonly headers: readonly string[];
  readonly trailers: readonly string[];
};

export let door: Awaited<ReturnType<typeof openDoor>>;

/** Status of a task's answer to a request; it may close the connection instead, or never answer but by the response itself. */
type Answering = (task: string, request: IncomingMessage, response: ServerResponse) => number | 'closes' | 'hangs';

export type Building = {
  /** Settings of the machine. */
  readonly told?: Readonly<Record<string, string>>;
  readonly certified?: readonly string[];
  readonly settings?: Partial<StageSettings>;
  /** Labels of services, as lib/routes/labels.ts returns them. */
  readonly labels?: Readonly<Record<string, Labels>>;
  readonly answer?: Answering;
  /** Runs before the first sync. */
  readonly prepare?: (instance: Instance) => unknown;
  /** The configuration, as another release would have written it. */
  readonly edit?: (text: string) => string;
};

/** All tests of a block share one door, and each begins with none of its requests. */
export function doorForAll(...built: Parameters<typeof openDoor>): void {
  let own: typeof door;
  beforeAll(async () => {
    own = door = await openDoor(...built);
  });
  afterAll(() => own.close());
  beforeEach(() => door.forget());
}

/**
 * The deployed configuration in a real HAProxy with a task for each service, and what a stranger may send to it.
 *
 * @param services the routes of each, as `shop.example *.shop.example/path`. A service named `idle` has no task.
 */
async function openDoor(services: Readonly<Record<string, string>>, building: Building = {}) {
  const { told, certified = [], labels = {}, answer = () => 200, edit = (text) => text } = building;
  const instance = await startInstance(told);
  const tasks = await Promise.all(Object.keys(services).map((name) => wideOpenTask(name, answer)));
  const backends = tasks.map(({ server, name }) =>
    backend(name === 'idle' ? [] : [server], {
      ...{ name: `demo.${name}`, service: name, labels: labels[name] ?? {} },
      routes: (services[name] ?? '').split(' ').map(routeOf),
    }),
  );
  const files = render({ backends, certified, settings: { ...usualSettings, ...building.settings } }).map(
    ({ name, text }) => ({ name, text: edit(text) }),
  );
  building.prepare?.(instance);
  await instance.syncHere(instance.publishFiles(files));
  await instance.startHaproxy();
  const isUp = (name: string) => until(async () => (await instance.status(`demo.${name}`, name)) === 'UP');
  for (const { name } of tasks) if (name !== 'idle') await isUp(name);

  return {
    instance,
    backends,
    isUp,
    reached: () => tasks.flatMap((task) => task.reached),
    /** Tasks and paths of the requests that reached a task. */
    routes: () => tasks.flatMap((task) => task.reached.map(({ url }) => `${task.name} ${url}`)),
    /** What came to a task as raw bytes, behind a request that it took for the beginning of another protocol. */
    piped: () => tasks.map((task) => task.bytes.piped).join(''),
    /** All bytes, also of requests that the task refused or still waits for. */
    arrived: () => tasks.map((task) => task.bytes.arrived).join(''),
    forget: () => {
      for (const task of tasks) task.forget();
    },
    ...clientsOf(instance.host),
    close: async () => {
      for (const task of tasks) task.stop();
      await instance.stop();
    },
  };
}

function routeOf(text: string) {
  const [host = '', path = '/'] = text.split(/(?=\/)(.*)/);
  return { host, path, since: 1 };
}

function clientsOf(host: string) {
  const send = (text: string, options?: Listening) => exchange(connect(10080, host), text, options);
  const sendByTls = (text: string) => exchange(connectTls({ port: 10443, host, rejectUnauthorized: false }), text);
  return {
    /** Sends bytes in clear text. Returns what came back until HAProxy hung up, or sent nothing for a while. */
    send,
    /** One request by HTTP/1.1; `more` are header lines, a `tls:` before the name goes by HTTPS. */
    get: (name: string, path = '/', more: readonly string[] = [], method = 'GET') => {
      const lines = [`${method} ${path} HTTP/1.1`, `Host: ${name.replace('tls:', '')}`, ...more, '', ''];
      return (name.startsWith('tls:') ? sendByTls : send)(lines.join('\r\n'));
    },
    /** One request by HTTP/2 over TLS, on a connection of its own. */
    ask2: (headers: OutgoingHttpHeaders, options?: Asking) => {
      const client = http2Client(`https://${host}:10443`);
      return client.ask({ ':authority': 'shop.example', ':path': '/', ...headers }, options).finally(client.close);
    },
    /** HTTP/2 in clear text, by prior knowledge (RFC 9113, 3.3). */
    clearHttp2: () => http2Client(`http://${host}:10080`),
  };
}

/** A task that accepts every Upgrade and every CONNECT that reaches it, and echoes what follows. */
async function wideOpenTask(name: string, answer: Answering) {
  const reached: Reached[] = [];
  const bytes = { piped: '', arrived: '' };
  const open = (request: IncomingMessage, socket: Socket, head: Buffer) => {
    reached.push(seen(name, request));
    bytes.piped += head.toString('latin1');
    socket.write(request.method === 'CONNECT' ? 'HTTP/1.1 200 OK\r\n\r\n' : switched(request));
    socket.on('error', () => undefined).on('data', (data) => (bytes.piped += data.toString('latin1')));
    socket.pipe(socket);
  };
  const server = createServer({ maxHeaderSize: 100_000 }, (request, response) => {
    request.resume().on('end', () => {
      if (request.url === '/unasked') return open(request, request.socket, Buffer.alloc(0));
      if (request.headers['user-agent'] !== 'sluice') reached.push(seen(name, request));
      const status = answer(name, request, response);
      if (status === 'closes') request.socket.destroy();
      else if (status !== 'hangs') asWished(response, request.url ?? '', status).end(name);
    });
  });
  server.on('upgrade', open).on('connect', open);
  server.on('connection', (socket) => socket.on('data', (data) => (bytes.arrived += data.toString('latin1'))));
  // Node's own limit would hide HAProxy's.
  server.maxHeadersCount = 0;
  const forget = () => {
    reached.length = 0;
    Object.assign(bytes, { piped: '', arrived: '' });
  };
  return { ...(await listen(name, server)), reached, bytes, forget };
}

function seen(task: string, { method = '', url = '', rawHeaders, rawTrailers }: IncomingMessage): Reached {
  const lines = (raw: readonly string[]) => raw.flatMap((word, n) => (n % 2 === 0 ? [`${word}: ${raw[n + 1]}`] : []));
  return { task, method, url, headers: lines(rawHeaders), trailers: lines(rawTrailers) };
}

/** `/answer/<fields>x<bytes>` asks for so many header fields, `/rpc` for a trailer. */
function asWished(response: ServerResponse, path: string, status: number): ServerResponse {
  const [, fields, size] = /^\/answer\/(\d+)x(\d+)$/.exec(path) ?? [];
  for (let n = 0; n < Number(fields); n += 1) response.setHeader(`y-${n}`, 'y'.repeat(Number(size)));
  if (path === '/rpc') response.setHeader('Trailer', 'Grpc-Status').addTrailers({ 'Grpc-Status': '0' });
  return response.setHeader('Content-Type', 'text/plain').writeHead(status);
}

/** HAProxy computes the answer to the key itself when a client comes by HTTP/2, and compares (RFC 6455, 4.2.2). */
function switched({ headers }: IncomingMessage): string {
  const key = `${headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  const accept = createHash('sha1').update(key).digest('base64');
  return `HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: ${headers.upgrade}\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
}
