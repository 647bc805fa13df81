import { createHash } from 'node:crypto';
import { type Agent, createServer, type IncomingMessage, request } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

import { type Instance, startInstance, until } from './haproxy-instance';
import { backend, keepAlive } from './haproxy-tasks';

jest.setTimeout(60_000);

let instance: Instance;
const closers: (() => void)[] = [];

beforeEach(async () => {
  instance = await startInstance();
});
afterEach(async () => {
  for (const close of closers.splice(0)) close();
  await instance.stop();
});

type Kept = Socket & { used?: true };
type Task = Awaited<ReturnType<typeof startTask>>;

const repeatable = ['GET', 'HEAD', 'OPTIONS'];

/**
 * A task whose keep-alive is always over when a request comes that may not be repeated: it closes a connection that had served before.
 * It waits as long as `X-Wait` says, echoes what a WebSocket sends, and remembers what it ran.
 */
async function startTask(name: string) {
  const state = { ran: [] as string[], kept: 0 };
  const server = createServer(async (incoming, response) => {
    const socket: Kept = incoming.socket;
    if (socket.used && !repeatable.includes(incoming.method ?? '')) {
      socket.destroy();
      return;
    }
    if (socket.used) state.kept++;
    socket.used = true;
    state.ran.push(`${incoming.headers['x-number']}`);
    const body = await text(incoming);
    await pause(Number(incoming.headers['x-wait'] ?? 0));
    const answer = (body || name).padEnd(Number(incoming.headers['x-size'] ?? 0), '.');
    response.writeHead(200, { 'Content-Length': answer.length }).end(answer);
  });
  server.on('upgrade', ({ headers }, socket: Socket) => {
    const words = ['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: websocket'];
    const accept = createHash('sha1').update(`${headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
    words.push(`Sec-WebSocket-Accept: ${accept.digest('base64')}`);
    socket.on('error', () => undefined).write(`${words.join('\r\n')}\r\n\r\n`);
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = () => server.close().closeAllConnections();
  closers.push(stop);
  return { state, stop, server: { name, address: '127.0.0.1', port: (server.address() as AddressInfo).port } };
}

async function text(incoming: IncomingMessage): Promise<string> {
  let body = '';
  for await (const part of incoming) body += part;
  return body;
}

/** One request. Gives `<method> <status>`, or the error's code. */
const send = (method: string, number: string, agent: Agent, headers: Record<string, string> = {}) =>
  new Promise<string>((resolve) => {
    const body = repeatable.includes(method) ? '' : 'body';
    const length = body ? { 'Content-Length': `${body.length}` } : {};
    const target = { host: instance.host, port: 10080, method, agent };
    const sent = request({ ...target, headers: { 'X-Number': number, ...length, ...headers } }, (response) => {
      response.resume().on('end', () => resolve(`${method} ${response.statusCode}`));
    });
    sent.on('error', (error: NodeJS.ErrnoException) => resolve(`${method} ${error.code}`));
    // As `curl` sends an upload: the body only when it was asked for.
    if (headers.Expect) sent.on('continue', () => sent.end(body)).flushHeaders();
    else sent.end(body);
  });

const kinds = (answers: readonly string[]) => [...new Set(answers)].sort();

/** Starts HAProxy with the first task; the others come at run time. */
async function serving(first: Task, ...others: Task[]): Promise<void> {
  const publish = (tasks: Task[]) =>
    instance.publish([
      backend(
        tasks.map(({ server }) => server),
        { check: 'tcp' },
      ),
    ]);
  const up = (tasks: Task[]) =>
    until(async () => {
      const states = await Promise.all(tasks.map(({ server }) => instance.status('default.web', server.name)));
      return states.every((state) => state === 'UP');
    });
  await instance.sync(publish([first]));
  await instance.startHaproxy();
  await up([first]);
  expect(await instance.sync(publish([first, ...others]))).toMatchObject({ code: 0 });
  await up([first, ...others]);
}

/** Clients that each send the methods in turn, on one connection of theirs. Gives all answers. */
async function load(clients: number, rounds: number, methods: readonly string[], headers = {}): Promise<string[]> {
  const answers = Array.from({ length: clients }, async (_, client) => {
    const agent = keepAlive();
    let opened = 0;
    agent.on('free', (socket: Socket & { counted?: true }) => {
      if (!socket.counted) opened++;
      socket.counted = true;
    });
    const own: string[] = [];
    for (let n = 0; n < rounds * methods.length; n++) {
      own.push(await send(methods[n % methods.length] ?? '', `${client}-${n}`, agent, headers));
    }
    agent.destroy();
    return opened === 1 ? own : [...own, `the client had ${opened} connections`];
  });
  return (await Promise.all(answers)).flat();
}

/** Of all servers, by the columns of `show servers conn`. */
async function connectionsKept(): Promise<number> {
  const [header = '', ...lines] = (await instance.worker('show servers conn')).split('\n').filter(Boolean);
  const column = header.slice(2).split(' ').indexOf('idle_cur');
  return lines.reduce((sum, line) => sum + Number(line.split(' ')[column]), 0);
}

describe('a task that closes a kept connection as the next request arrives', () => {
  it('loses no request that may not be repeated, runs none twice, and still gets GETs on kept connections', async () => {
    const tasks = [await startTask('a'), await startTask('b')];
    await serving(...(tasks as [Task, Task]));

    const methods = ['GET', 'POST', 'GET', 'PUT', 'PATCH', 'HEAD', 'DELETE', 'GET', 'OPTIONS', 'PROPFIND'];
    const answers = await load(6, 10, methods);

    expect(kinds(answers)).toStrictEqual([...new Set(methods)].sort().map((method) => `${method} 200`));
    const ran = tasks.flatMap(({ state }) => state.ran);
    expect(new Set(ran).size).toBe(ran.length);
    expect(tasks.reduce((sum, { state }) => sum + state.kept, 0)).toBeGreaterThan(answers.length / 10);
  });

  it('neither loses an upload that waits for 100 Continue', async () => {
    await serving(await startTask('a'));

    expect(kinds(await load(3, 10, ['POST'], { Expect: '100-continue' }))).toStrictEqual(['POST 200']);
  });

  it('leaves no connection behind, however many such requests come', async () => {
    await serving(await startTask('a'), await startTask('b'));

    expect(kinds(await load(8, 60, ['POST']))).toStrictEqual(['POST 200']);
    expect(await connectionsKept()).toBe(0);
  });

  it('gets none of the requests that its dead neighbour refused twice', async () => {
    const [a, dead] = [await startTask('a'), await startTask('dead')];
    await serving(a, dead);
    dead.stop();

    const answers = await load(4, 20, ['POST', 'GET']);

    expect(kinds(answers)).toStrictEqual(['GET 200', 'POST 200']);
    expect(a.state.ran).toHaveLength(answers.length);
  });

  it('serves POSTs and WebSockets by HTTP/2, and WebSockets by HTTP/1.1, on one connection after another', async () => {
    await serving(await startTask('a'));
    const client = connectHttp2(`https://${instance.host}:10443`, { rejectUnauthorized: false });
    await new Promise((resolve) => client.once('remoteSettings', resolve));
    const exchange = (headers: Record<string, string>, body: string) =>
      new Promise<string>((resolve) => {
        const stream = client.request({ ':path': '/', ...headers }, { endStream: false });
        let status: unknown;
        stream.on('response', (answer) => {
          status = answer[':status'];
          if (headers[':protocol']) stream.write(body);
        });
        stream.on('data', (data) => resolve(`${status} ${data}`)).on('error', (error) => resolve(error.message));
        stream.on('end', () => resolve(`${status}`));
        if (!headers[':protocol']) stream.end(body);
      });

    for (let n = 0; n < 20; n++) {
      expect(await exchange({ ':method': 'GET' }, '')).toBe('200 a');
      expect(await exchange({ ':method': 'POST' }, 'body')).toBe('200 body');
    }
    const socket = { ':method': 'CONNECT', ':protocol': 'websocket', ':scheme': 'https', ':authority': 'a.example' };
    expect(await exchange(socket, 'frame')).toBe('200 frame');
    client.destroy();

    const upgrade =
      'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
    const raw = connect({ host: instance.host, port: 10080 });
    raw.write(upgrade);
    let heard = '';
    raw.on('data', (data) => {
      heard += data;
      if (heard.endsWith('\r\n\r\n')) raw.write('frame');
    });
    await until(() => heard.startsWith('HTTP/1.1 101 ') && heard.endsWith('\r\n\r\nframe'));
    raw.destroy();
  });
});

/** Gives the service one host more each time, which takes a reload. */
async function reload(task: Task, number: number): Promise<void> {
  const routes = ['*', ...Array.from({ length: number }, (_, n) => `h${n}.example`)];
  const changed = backend([task.server], {
    check: 'tcp',
    routes: routes.map((host) => ({ host, path: '/', since: 1 })),
  });
  expect(await instance.sync(instance.publish([changed]))).toMatchObject({ report: { changed: 'structure' } });
}

/** One connection on which all is written at once. Gives what came back, and how it ended. */
function pipeline(requests: readonly string[]) {
  const state = { text: '', end: '' };
  const socket = connect({ host: instance.host, port: 10080 });
  socket.on('data', (data) => (state.text += data));
  socket.on('end', () => (state.end = 'whole'));
  socket.on('error', (error: NodeJS.ErrnoException) => (state.end = `${error.code}`));
  socket.write(requests.join(''));
  closers.push(() => socket.destroy());
  return state;
}

const lines = (number: string, more: readonly string[] = []) =>
  ['GET / HTTP/1.1', 'Host: a', `X-Number: ${number}`, ...more, '', ''].join('\r\n');

describe('a reload', () => {
  it.each([1, 2])(
    '(%i of them) answers the first of several requests that were written at once, and closes',
    async (reloads) => {
      const task = await startTask('a');
      await serving(task);
      const sizes = [1, 3_000_000];
      const first = (size: number) => lines(`first-${size}`, ['X-Wait: 2000', `X-Size: ${size}`]);

      const sent = sizes.map((size) => pipeline([first(size), lines('second'), lines('third')]));
      await until(() => task.state.ran.length === 2);
      for (let n = 1; n <= reloads; n++) await reload(task, n);
      await until(() => sent.every(({ end }) => end !== ''));

      for (const [at, { text, end }] of sent.entries()) {
        expect(end).toBe('whole');
        expect(text.match(/^HTTP\/1.1 .*/gm)).toStrictEqual(['HTTP/1.1 200 OK']);
        expect(text).toMatch(/\r\nconnection: close\r\n/i);
        expect(text.split('\r\n\r\n')[1]).toHaveLength(sizes[at] ?? 0);
      }
      // So the client may send the others again: none of them ran.
      expect(task.state.ran.filter((number) => !number.startsWith('first-'))).toStrictEqual([]);
    },
  );

  it('loses no request of clients that keep their connections, and ends no stream of HTTP/2 half-way', async () => {
    const task = await startTask('a');
    await serving(task);
    const client = connectHttp2(`https://${instance.host}:10443`, { rejectUnauthorized: false });
    const state = { goneAway: false };
    client.on('goaway', () => (state.goneAway = true));
    const streams = ['GET', 'POST', 'PUT'].map((method) => {
      const body = method === 'GET' ? '' : 'body';
      const stream = client.request({ ':method': method, ':path': '/', 'x-wait': '2000', 'x-number': `h2-${method}` });
      if (body) stream.end(body);
      return new Promise<string>((resolve) => {
        let [status, heard] = ['', ''];
        stream.on('response', (answer) => (status = `${answer[':status']}`));
        stream.on('data', (data) => (heard += data)).on('end', () => resolve(`${status} ${heard}`));
        stream.on('error', (error) => resolve(error.message));
      });
    });
    await until(() => task.state.ran.length === 3);

    const kept = load(6, 60, ['GET', 'POST']);
    for (let n = 1; n <= 2; n++) await reload(task, n);

    expect(await Promise.all(streams)).toStrictEqual(['200 a', '200 body', '200 body']);
    await until(() => state.goneAway);
    expect(kinds(await kept).filter((answer) => !/^the client had \d+ connections$/.test(answer))).toStrictEqual([
      'GET 200',
      'POST 200',
    ]);
    expect(new Set(task.state.ran).size).toBe(task.state.ran.length);
    client.destroy();
  });
});
