import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer, type Server } from 'node:net';

import { probe } from '../../lib/entrance/probe';
import { authority } from '../system/authority';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A certificate with its key, for 100 days, for these names or for nobody. */
function made(...names: readonly string[]): string {
  const whom = names.length > 0 ? ['-addext', `subjectAltName=${names.map((name) => `DNS:${name}`).join(',')}`] : [];
  const words =
    'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 100 -subj /CN=x -keyout - -out -';
  return execFileSync('openssl', [...words.split(' '), ...whom], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

const [both, other, standIn] = [made('example.com', '*.example.com'), made('example.org'), made()];
const lifetime = (pem: string, percent: number): number => {
  const [from, to] = [Date.parse(new X509Certificate(pem).validFrom), Date.parse(new X509Certificate(pem).validTo)];
  return to - ((to - from) * percent) / 100;
};

async function listening(server: Server): Promise<string> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const serving = (pem: string) =>
  listening(createHttpsServer({ key: pem, cert: pem }, (_, answer) => answer.writeHead(404).end()));

/** What the tick's log says of these addresses, at a moment. */
async function probed(addresses: readonly string[], now: number, certificates = [['example.com', '*.example.com']]) {
  const lines: Record<string, unknown>[] = [];
  const tell = (message: string, fields: object) => void lines.push({ message, ...fields });
  await probe({ addresses, certificates, namespace: 'Sluice/dev' }, tell, () => now)();
  return lines;
}

it('tells CloudWatch how many addresses do not answer, and how much lifetime is left of what is served', async () => {
  const now = lifetime(both, 60);

  expect(await probed([await serving(both), await serving(both)], now)).toStrictEqual([
    {
      message: 'probed',
      faults: [],
      Unanswered: 0,
      LifeLeft: expect.closeTo(60, 3),
      _aws: {
        Timestamp: now,
        CloudWatchMetrics: [
          {
            Namespace: 'Sluice/dev',
            Dimensions: [[]],
            Metrics: [
              { Name: 'Unanswered', Unit: 'Count' },
              { Name: 'LifeLeft', Unit: 'Percent' },
            ],
          },
        ],
      },
    },
  ]);
});

it('counts an address that nobody answers, and judges the certificate by the others', async () => {
  const gone = await listening(createServer());
  await new Promise((resolve) => servers.pop()?.close(resolve));

  const [line] = await probed([gone, await serving(both)], lifetime(both, 10));

  expect(line).toMatchObject({ Unanswered: 1, LifeLeft: expect.closeTo(10, 3) });
  expect(line?.faults).toStrictEqual([
    expect.stringMatching(`^${gone} does not answer an HTTP request: connect ECONNREFUSED`),
    expect.stringMatching(`^${gone} does not serve example.com by TLS: connect ECONNREFUSED`),
  ]);
});

it('counts an address that speaks TLS but answers no request, within three seconds', async () => {
  const mute = await listening(createHttpsServer({ key: both, cert: both }, () => undefined));
  const began = Date.now();

  const [line] = await probed([mute], lifetime(both, 50));

  expect(Date.now() - began).toBeLessThan(3_000);
  expect(line).toMatchObject({ Unanswered: 1, LifeLeft: expect.closeTo(50, 3) });
  expect(line?.faults).toStrictEqual([`${mute} does not answer an HTTP request: no answer within 2500 ms`]);
});

it('says nothing of certificates where nobody answers', async () => {
  const silent = await listening(createServer((socket) => void socket.on('error', () => {})));
  const began = Date.now();

  const [line] = await probed([silent], 0);

  expect(Date.now() - began).toBeLessThan(3_000);
  expect(line).toMatchObject({ Unanswered: 1 });
  expect(line).not.toHaveProperty('LifeLeft');
  expect(JSON.stringify(line?._aws)).not.toContain('LifeLeft');
});

it.each([
  ['the stand-in', standIn, 'a certificate of nobody (the stand-in)'],
  ['one for another name', other, 'a certificate of example.org'],
])('takes %s for no certificate at all', async (_, pem, words) => {
  const address = await serving(pem);

  const [line] = await probed([address], lifetime(pem, 60));

  expect(line).toMatchObject({ Unanswered: 0, LifeLeft: 0 });
  expect(line?.faults).toStrictEqual([`${address} serves for example.com ${words}`]);
});

it('takes one without that of its issuer for none, as other clients than browsers do', async () => {
  const { key, chain } = authority('ca').issue(['example.com', '*.example.com']);
  const [alone, whole] = [await serving(key), await serving(key + chain)];

  const [line] = await probed([alone], lifetime(key, 60));
  const [other] = await probed([whole], lifetime(key, 60));

  expect(line).toMatchObject({ Unanswered: 0, LifeLeft: 0 });
  expect(line?.faults).toStrictEqual([
    `${alone} serves for example.com a certificate without that of CN=ca-1, which issued it`,
  ]);
  expect(other).toMatchObject({ Unanswered: 0, LifeLeft: expect.closeTo(60, 3), faults: [] });
});

it('says that a certificate has ended', async () => {
  const [line] = await probed([await serving(both)], lifetime(both, -1));

  expect(line).toMatchObject({ Unanswered: 0, LifeLeft: 0, faults: [expect.stringContaining('that has ended')] });
});

it('asks for each certificate, by a name that only it answers for', async () => {
  const address = await serving(both);

  const [line] = await probed([address], lifetime(both, 60), [['*.example.com', 'example.com'], ['example.org']]);

  expect(line).toMatchObject({ LifeLeft: 0 });
  expect(line?.faults).toStrictEqual([`${address} serves for example.org a certificate of example.com, *.example.com`]);
});

it('asks nobody where there is no address', async () => {
  expect(await probed([], 0)).toStrictEqual([]);
});
