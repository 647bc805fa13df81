import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type ClientHttp2Session, connect as connectHttp2, type OutgoingHttpHeaders } from 'node:http2';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

import { render } from '../../lib/haproxy/render';
import { startInstance, until } from './haproxy-instance';
import { backend } from './haproxy-tasks';

/** What reached a task: a request, or bytes behind one that nobody has inspected. */
export type Reached = {
  readonly task: string;
  readonly method: string;
  readonly url: string;
  /** Each header line, as `Name: value`. */
  readonly headers: readonly string[];
  readonly trailers: readonly string[];
};

export type Door = Awaited<ReturnType<typeof openDoor>>;

/**
 * The deployed configuration in a real HAProxy, with a task for each host, and what a stranger may send to it.
 *
 * @param told what the machine was told at its launch
 */
export async function openDoor(
  services: Readonly<Record<string, string>>,
  told: Readonly<Record<string, string>> = {},
) {
  const instance = await startInstance(told);
  const tasks = await Promise.all(Object.keys(services).map((name) => wideOpenTask(name)));
  const backends = tasks.map(({ server, name }) => {
    const [host = '', path = ''] = (services[name] ?? '').split(/(?=\/)/);
    return backend([server], {
      ...{ name: `demo.${name}`, service: name, check: 'tcp' },
      routes: [{ host, path: path || '/', since: 1 }],
    });
  });
  await instance.sync(instance.publishFiles(render({ backends, certified: [] })));
  await instance.startHaproxy();
  for (const { name } of tasks) await until(async () => (await instance.status(`demo.${name}`, name)) === 'UP');
  const reached = () => tasks.flatMap((task) => task.reached);
  return {
    instance,
    reached,
    /** Whatever came to a task as raw bytes, behind a request that it took for the beginning of another protocol. */
    piped: () => tasks.map((task) => task.piped()).join(''),
    /** All bytes, of requests that the task refused or waits for too. */
    arrived: () => tasks.map((task) => task.arrived()).join(''),
    forget: () => {
      for (const task of tasks) task.forget();
    },
    /** Sends bytes in clear text, and returns what came back until HAProxy hung up or said nothing for a while. */
    send: (text: string, options?: Listening) => exchange(connect(10080, instance.host), text, options),
    sendByTls: (text: string, options?: Listening) =>
      exchange(connectTls({ port: 10443, host: instance.host, rejectUnauthorized: false }), text, options),
    http2: () => http2Client(`https://${instance.host}:10443`),
    /** HTTP/2 in clear text, by prior knowledge (RFC 9113, 3.3). */
    clearHttp2: () => http2Client(`http://${instance.host}:10080`),
    close: async () => {
      for (const task of tasks) task.stop();
      await instance.stop();
    },
  };
}

type Listening = { readonly afterwards?: string };

/** A task that takes every Upgrade and every CONNECT that reaches it, and echoes what follows. */
async function wideOpenTask(name: string) {
  const reached: Reached[] = [];
  const sockets = new Set<Socket>();
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
      reached.push(seen(name, request));
      withWishes(response, request.url ?? '').end(name);
    });
  })
    .on('upgrade', open)
    .on('connect', open)
    .on('connection', (socket) => {
      sockets.add(socket);
      socket.on('data', (data) => (bytes.arrived += data.toString('latin1')));
      socket.on('close', () => sockets.delete(socket));
    });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // Node's own limit would hide HAProxy's.
  server.maxHeadersCount = 0;
  const { port } = server.address() as AddressInfo;
  return {
    ...{ name, server: { name, address: '127.0.0.1', port }, reached },
    piped: () => bytes.piped,
    arrived: () => bytes.arrived,
    forget: () => {
      reached.length = 0;
      Object.assign(bytes, { piped: '', arrived: '' });
    },
    stop: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function seen(task: string, { method = '', url = '', rawHeaders, rawTrailers }: IncomingMessage): Reached {
  const lines = (raw: readonly string[]) => raw.flatMap((word, n) => (n % 2 === 0 ? [`${word}: ${raw[n + 1]}`] : []));
  return { task, method, url, headers: lines(rawHeaders), trailers: lines(rawTrailers) };
}

/** `/answer/<fields>x<bytes>` asks for so many header fields, `/rpc` for a trailer. */
function withWishes(response: ServerResponse, path: string): ServerResponse {
  const [, fields, size] = /^\/answer\/(\d+)x(\d+)$/.exec(path) ?? [];
  for (let n = 0; n < Number(fields); n += 1) response.setHeader(`y-${n}`, 'y'.repeat(Number(size)));
  if (path === '/rpc') response.setHeader('Trailer', 'Grpc-Status').addTrailers({ 'Grpc-Status': '0' });
  return response.setHeader('Content-Type', 'text/plain');
}

/** HAProxy compares the answer to the key with its own reckoning when a client comes by HTTP/2 (RFC 6455, 4.2.2). */
function switched({ headers }: IncomingMessage): string {
  const key = `${headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  const accept = createHash('sha1').update(key).digest('base64');
  return `HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: ${headers.upgrade}\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
}

/** @param afterwards what is sent once an answer has begun, as whoever believes in a tunnel would */
function exchange(socket: Socket, text: string, { afterwards }: Listening = {}): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    let more = afterwards;
    const end = () => {
      socket.destroy();
      resolve(answer);
    };
    // An answer may be late on a busy machine; what follows it is not.
    socket.setTimeout(3_000, end);
    socket
      .on('data', (data) => {
        answer += data.toString('latin1');
        socket.setTimeout(afterwards === undefined ? 100 : 500);
        if (more !== undefined) socket.write(more);
        more = undefined;
      })
      .on('end', end)
      .on('error', end)
      .write(text);
  });
}

export type Answer2 = { readonly status: number | string; readonly body: string; readonly trailers?: unknown };

function http2Client(origin: string) {
  const session: ClientHttp2Session = connectHttp2(origin, { rejectUnauthorized: false });
  session.on('error', () => undefined);
  const settled = new Promise((resolve) => session.once('remoteSettings', resolve));
  return {
    session,
    /** One request. Returns its status, or the name of the error that ended its stream. `afterwards` is sent once it is answered. */
    ask: async (
      headers: OutgoingHttpHeaders,
      { trailers, afterwards }: { trailers?: OutgoingHttpHeaders; afterwards?: string } = {},
    ) => {
      await settled;
      return new Promise<Answer2>((resolve) => {
        const isOpen = trailers !== undefined || afterwards !== undefined;
        const stream = session.request(headers, { endStream: !isOpen, waitForTrailers: trailers !== undefined });
        let status: number | string = 'none';
        let body = '';
        let ended = {};
        const end = () => resolve({ status, body, ...ended });
        stream.setTimeout(afterwards === undefined ? 2_000 : 500, end);
        stream
          .on('response', (answered) => {
            status = answered[':status'] ?? 'none';
            if (afterwards !== undefined) stream.write(afterwards);
          })
          .on('data', (data) => (body += data))
          .on('error', (error: NodeJS.ErrnoException) => resolve({ status: error.message, body }))
          .on('trailers', ({ 'grpc-status': grpc }) => (ended = { trailers: { 'grpc-status': grpc } }))
          .on('wantTrailers', () => stream.sendTrailers(trailers ?? {}))
          .on('close', end);
        if (trailers !== undefined) stream.end('body');
      });
    },
    close: () => session.destroy(),
  };
}
