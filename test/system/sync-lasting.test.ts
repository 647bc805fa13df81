import { createHash } from 'node:crypto';
import { createServer, request } from 'node:http';
import type { Duplex } from 'node:stream';

import { render } from '../../lib/haproxy/render';
import { greeterClients, type Stream, startGreeter } from './greeter';
import { backend, listen } from './haproxy-tasks';
import { a, b, c, host, instance, standForAll, stored } from './sync-stand';
import { until } from './until';

/** CI makes 100. */
const changes = Number(process.env.CHANGES ?? 20);
jest.setTimeout(180_000);
const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Accepts WebSockets (RFC 6455, 4.2.2), and sends back their bytes. */
const echo = createServer().on('upgrade', ({ headers }, socket: Duplex) => {
  const accept = createHash('sha1').update(`${headers['sec-websocket-key']}${guid}`).digest('base64');
  const lines = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'];
  socket.write(`${[...lines, `Sec-WebSocket-Accept: ${accept}`].join('\r\n')}\r\n\r\n`);
  socket.on('error', () => undefined).pipe(socket);
});

let greeter: Awaited<ReturnType<typeof startGreeter>>;
let tunnels: Awaited<ReturnType<typeof listen>>;

standForAll(async () => {
  [greeter, tunnels] = [await startGreeter(), await listen('tunnels', echo)];
  await instance.syncHere(publish(0, 'x.example'));
  await instance.startHaproxy();
  await until(async () => (await instance.servers()).every(({ up }) => up));
});
afterAll(() => greeter.stop());

/** Both services keep a task, and get or lose others. */
function publish(number: number, ...hosts: string[]): number {
  const routes = (path: string, ...more: string[]) => ({
    routes: ['*', ...more].map((each) => ({ host: each, path, since: 1 })),
    labels: {},
  });
  const others = [a, b, c].filter((_, index) => (number >> index) & 1).map(({ server }) => server);
  const backends = [
    backend([tunnels.server, ...others], routes('/', ...hosts)),
    { ...backend([greeter.server], routes('/demo.Greeter')), name: 'default.rpc', labels: { proto: 'h2c' } },
  ];
  const { entry } = certificate;
  return instance.publishFiles(render({ backends, certified: entry ? [entry.name] : [] }), entry ? [entry] : []);
}
const certificate: { entry?: ReturnType<typeof stored>['entry'] } = {};

/** Each `say` returns what the other side sends back. */
async function openSocket() {
  const headers = {
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
  };
  const socket = await new Promise<Duplex>((resolve, reject) => {
    const asked = request({ host, port: 10_080, headers }).on('upgrade', (_, opened) => resolve(opened));
    asked.on('error', reject).end();
  });
  const say = (text: string) => new Promise((resolve) => socket.once('data', (data) => resolve(`${data}`)).write(text));
  return { say, close: () => socket.destroy() };
}

function openStream(client: { chat: () => Stream }) {
  const stream = client.chat();
  let heard: (text: string) => void = () => undefined;
  stream.on('data', (message: Buffer) => heard(`${message}`)).on('error', () => heard('broken'));
  const say = (text: string) =>
    new Promise((resolve) => {
      heard = resolve;
      stream.write(Buffer.from(text));
    });
  return { say, close: () => stream.end() };
}

it('WebSockets and streams of gRPC outlive changes of tasks, a new host, and a new certificate, without a reload', async () => {
  const before = await instance.processes();
  const clients = greeterClients(host);
  const open = [await openSocket(), await openSocket(), ...clients.map(openStream)];
  const answers = async (text: string) => Promise.all(open.map(({ say }) => say(text)));
  const expected = (text: string) => [text, text, `${text}!`, `${text}!`];
  expect(await answers('begin')).toStrictEqual(expected('begin'));

  for (let number = 1; number <= changes; number++) {
    await instance.syncHere(publish(number, 'x.example'));
    expect(await answers(`change ${number}`)).toStrictEqual(expected(`change ${number}`));
  }
  expect(await instance.syncHere(publish(changes, 'x.example', 'new.example'))).toMatchObject({ changed: 'routes' });
  expect(await answers('host')).toStrictEqual(expected('host'));
  certificate.entry = stored('new.example').entry;
  expect(await instance.syncHere(publish(changes, 'x.example', 'new.example'))).toMatchObject({
    certificates: ['new.example.pem'],
  });
  expect(await answers('certificate')).toStrictEqual(expected('certificate'));

  expect(await instance.processes()).toStrictEqual(before);
  for (const each of [...open, ...clients]) each.close();
});
