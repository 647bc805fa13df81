import { createServer } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { request as requestTls } from 'node:https';
import type { AddressInfo } from 'node:net';
import { probe } from '../../lib/entrance/probe';
import { render } from '../../lib/haproxy/render';
import { notServing } from '../../lib/sync/haproxy/serving';
import { haproxyAt } from '../../lib/sync/haproxy/worker';
import { type Instance, startInstance, until } from './haproxy-instance';
import { ask, backend } from './haproxy-tasks';

jest.setTimeout(40_000);

let instance: Instance;
const hosts = ['*', '*.invalid', 'sluice-asks.invalid', 'claim.invalid'];
const asked: string[] = [];
/** It passes its checks by TCP, takes every host, and never answers a request. */
const hangs = createServer(({ headers }) => void asked.push(`${headers.host}`));

beforeAll(async () => {
  instance = await startInstance();
  await new Promise<void>((resolve) => hangs.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  await instance.stop();
  hangs.close().closeAllConnections();
});

const backends = () => [
  backend([{ name: 'hangs', address: '127.0.0.1', port: (hangs.address() as AddressInfo).port }], {
    check: 'tcp',
    routes: hosts.flatMap((host) => ['/', '/.well-known'].map((path) => ({ host, path, since: 1 }))),
  }),
];
const asReleased = (text: string) =>
  text.replace(/^.*HAProxy answers\..*\n/m, '').replace(/(description sluice) .*/, '$1 0123456789abcdef');
const https = () => ({ host: instance.host, port: 10443, servername: 'any.example', rejectUnauthorized: false });

const overTls = (method: string, host: string, path: string) =>
  new Promise<string>((resolve, reject) => {
    requestTls({ ...https(), method, path, agent: false, headers: { host }, timeout: 3_000 }, (response) => {
      let body = '';
      response.on('data', (text) => (body += text)).on('end', () => resolve(`${response.statusCode} ${body}`));
    })
      .on('timeout', () => reject(new Error('no answer')))
      .on('error', reject)
      .end();
  });

const overHttp2 = (authority: string) =>
  new Promise<number | undefined>((resolve, reject) => {
    const session = connectHttp2(`https://${instance.host}:10443`, { rejectUnauthorized: false }).on('error', reject);
    const stream = session.request({ ':authority': authority, ':path': '/' });
    stream.on('response', (headers) => {
      session.destroy();
      resolve(headers[':status']);
    });
    stream.setTimeout(3_000, () => session.destroy(new Error('no answer')));
  });

const claimable = () => notServing(haproxyAt(instance.path.master, 2_000), `${instance.host}:10080`);

describe.each([
  ['its configuration', (text: string) => text],
  ['the configuration of 0.1.0, which knows no looks', asReleased],
])('a service on every host that hangs, with %s', (_, as) => {
  beforeAll(async () => {
    const files = render({ backends: backends(), certified: [] });
    await instance.stopHaproxy();
    await instance.sync(instance.publishFiles(files.map(({ name, text }) => ({ name, text: as(text) }))));
    await instance.startHaproxy();
    await until(async () => (await instance.status('default.web', 'hangs')) === 'UP');
    asked.length = 0;
  });

  it('keeps no proxy from its address, and is not asked for it', async () => {
    expect(await claimable()).toBeUndefined();
    expect(asked).toStrictEqual([]);
  });

  it('is asked by visitors all the same', async () => {
    void ask(instance.host);

    await until(() => asked.length === 1);
  });
});

describe('HAProxy answers a look itself', () => {
  beforeAll(async () => {
    await instance.sync(instance.publishFiles(render({ backends: backends(), certified: ['*.invalid'] })));
    asked.length = 0;
  });
  afterEach(() => expect(asked).toStrictEqual([]));

  it.each([
    ['GET', 'sluice-asks.invalid', '/'],
    ['HEAD', 'sluice-asks.invalid', '/'],
    ['GET', 'Sluice-Asks.invalid:443', '/.well-known/anything?x=y'],
    ['GET', 'claim.invalid', '/'],
  ])('by HTTPS: %s %s%s', async (method, host, path) => {
    expect(await overTls(method, host, path)).toBe(`200 ${method === 'HEAD' ? '' : 'HAProxy answers.'}`);
  });

  it('by HTTP/2', async () => {
    expect(await overHttp2('sluice-asks.invalid')).toBe(200);
  });

  it('so that the alarm does not blame the entrance', async () => {
    const lines: object[] = [];
    const entrance = { addresses: [`${instance.host}:10443`], certificates: [], namespace: 'Sluice/dev' };

    await probe(entrance, (_, fields) => void lines.push(fields), Date.now)();

    expect(lines).toMatchObject([{ faults: [], Unanswered: 0 }]);
  });
});

it('does not take another program for HAProxy that listens, or nobody', async () => {
  expect(await notServing(haproxyAt(instance.path.master, 200), `${instance.host}:1`)).toMatch(
    /^HAProxy does not answer here: .*ECONNREFUSED/,
  );
});
