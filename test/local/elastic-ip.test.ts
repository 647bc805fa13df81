import { connect, createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { type Address, freePorts } from '../../scripts/local/api/loopback';
import { type ElasticIp, elasticIp, type Holder } from '../../scripts/local/proxy/elastic-ip';
import { type Timers, timers } from '../../scripts/local/timers';
import { until } from '../system/haproxy-instance';

let clock: Timers;
let address: ElasticIp;
let front: Address;
const servers: Server[] = [];
beforeEach(async () => {
  clock = timers();
  const [http = 0, https = 0, statistics = 0] = await freePorts('127.0.0.1', 3);
  address = await elasticIp({ http, https, statistics }, 300, clock);
  front = { host: '127.0.0.1', port: http };
});
afterEach(async () => {
  clock.stop();
  await address.stop();
  for (const server of servers.splice(0)) server.close();
});

/** A holder that greets with a name. */
async function holder(name: string): Promise<Holder> {
  const [port = 0] = await freePorts('127.0.0.1', 1);
  const server = createServer((socket) => socket.on('error', () => {}).write(name));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const at = { host: '127.0.0.1', port };
  return { http: at, https: at, statistics: at };
}

/** Opens a connection; the state is what greeted it, and how it ended. */
function open() {
  const state = { heard: '', ended: '' };
  connect(front.port, front.host)
    .on('data', (text) => (state.heard += text))
    .on('error', (error: NodeJS.ErrnoException) => (state.ended = error.code ?? ''));
  return state;
}

it('leads to whoever it was moved to last: cuts open connections, and lets new ones wait until it has moved', async () => {
  const [one, two] = [await holder('one'), await holder('two')];
  address.moveTo(two);
  address.moveTo(one);
  const before = open();
  await until(() => before.heard === 'one');

  address.moveTo(two);
  const during = open();
  await until(() => before.ended !== '');
  expect([before.ended, during.heard, address.cut()]).toStrictEqual(['ECONNRESET', '', 1]);
  await until(() => during.heard === 'two');
});

it('answers no connection while it has no holder', async () => {
  const one = await holder('one');
  address.moveTo(one);
  await until(() => address.held() === one);
  address.leave(one);
  const connection = open();
  await sleep(100);

  expect(connection).toStrictEqual({ heard: '', ended: '' });
});
