import { connect, createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Address, freePorts } from '../../scripts/local/api/loopback';
import { type ElasticIp, elasticIp, type Holder } from '../../scripts/local/proxy/elastic-ip';
import { type Timers, timers } from '../../scripts/local/timers';

let clock: Timers;
let address: ElasticIp;
let front: Address;
const servers: Server[] = [];
beforeEach(async () => {
  clock = timers();
  const [http = 0, https = 0, statistics = 0] = await freePorts('127.0.0.1', 3);
  address = await elasticIp({ http, https, statistics }, 50, clock);
  front = { host: '127.0.0.1', port: http };
});
afterEach(async () => {
  clock.stop();
  await address.stop();
  for (const server of servers.splice(0)) server.close();
});

/** Somebody who greets with a name. */
async function holder(name: string): Promise<Holder> {
  const [port = 0] = await freePorts('127.0.0.1', 1);
  const server = createServer((socket) => socket.on('error', () => {}).write(name));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const at = { host: '127.0.0.1', port };
  return { http: at, https: at, statistics: at };
}

/** A connection: what greeted it, and how it ended. */
function open() {
  const state = { heard: '', ended: '' };
  connect(front.port, front.host)
    .on('data', (text) => (state.heard += text))
    .on('error', (error: NodeJS.ErrnoException) => (state.ended = error.code ?? ''));
  return state;
}

it('leads to whoever it was moved to last', async () => {
  address.moveTo(await holder('one'));
  address.moveTo(await holder('two'));
  await sleep(100);
  const connection = open();
  await sleep(50);

  expect(connection.heard).toBe('two');
});

it('cuts open connections when it moves, and lets new ones wait until it has', async () => {
  address.moveTo(await holder('one'));
  await sleep(100);
  const before = open();
  await sleep(50);

  address.moveTo(await holder('two'));
  const during = open();
  await sleep(20);
  expect([before, during.heard, address.cut()]).toStrictEqual([{ heard: 'one', ended: 'ECONNRESET' }, '', 1]);
  await sleep(100);
  expect(during.heard).toBe('two');
});

it('answers nobody while it has no holder', async () => {
  const one = await holder('one');
  address.moveTo(one);
  await sleep(100);
  address.leave(one);
  const connection = open();
  await sleep(50);

  expect(connection).toStrictEqual({ heard: '', ended: '' });
});
