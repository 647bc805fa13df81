import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { createServer as createHttpsServer } from 'node:https';
import { createServer, type Server } from 'node:net';
import { createSecureContext, createServer as createTlsServer } from 'node:tls';
import { promisify } from 'node:util';

import { build } from 'esbuild';

import { handshake, parseAddress } from '../../lib/entrance/handshake';
import { probe } from '../../lib/entrance/probe';
import { portOf } from '../listening';
import { authority } from '../system/authority';
import { selfSigned } from '../system/self-signed';

const [both, other, standIn] = [selfSigned('example.com', '*.example.com'), selfSigned('example.org'), selfSigned()];

const listening = async (server: Server): Promise<string> => `127.0.0.1:${await portOf(server)}`;
const serving = (pem: string) =>
  listening(createHttpsServer({ key: pem, cert: pem }, (_, answer) => answer.writeHead(404).end()));
const silent = () => listening(createServer((socket) => void socket.on('error', () => {})));
async function gone() {
  const server = createServer();
  const address = await listening(server);
  await new Promise((resolve) => server.close(resolve));
  return address;
}

describe('a handshake', () => {
  const ask = (address: string, servername = 'example.com', timeoutMs = 5_000) =>
    handshake({ ...parseAddress(address), servername, timeoutMs });

  it('returns the certificate for the name that was asked for', async () => {
    const SNICallback = (name: string, done: (error: null, context: ReturnType<typeof createSecureContext>) => void) =>
      done(null, createSecureContext(name === 'www.example.com' ? { key: both, cert: both } : {}));
    const address = await listening(createTlsServer({ key: other, cert: other, SNICallback }));
    const { serialNumber, validFrom, validTo } = new X509Certificate(both);

    expect((await ask(address, 'www.example.com')).leaf).toStrictEqual({
      serial: serialNumber,
      issuer: 'CN=example.com',
      names: ['example.com', '*.example.com'],
      notBefore: Date.parse(validFrom),
      notAfter: Date.parse(validTo),
    });
  });

  it('returns the certificates beside it, and whether its issuer’s is among them', async () => {
    const { key, chain } = authority('ca', 2).issue(['example.com']);
    const [low = '', high = ''] = chain.split(/(?<=-----END CERTIFICATE-----\n)/);
    const seen = async (pem: string) => {
      const { authorities, isWhole } = await ask(await serving(pem));
      return { authorities, isWhole };
    };
    const prints = [low, high].map((pem) => new X509Certificate(pem).fingerprint256);

    expect([await seen(key + low + high), await seen(key + high), await seen(key)]).toStrictEqual([
      { authorities: prints, isWhole: true },
      { authorities: prints.slice(1), isWhole: false },
      { authorities: [], isWhole: false },
    ]);
  });

  it.each([
    ['no listener', gone, /^127.0.0.1:\d+ does not serve example.com by TLS: connect ECONNREFUSED 127.0.0.1:\d+$/],
    ['no answer', silent, /by TLS: no answer within 300 ms$/],
    ['plain text', () => said('HTTP/1.1 400 Bad Request\r\n\r\n'), /by TLS: .*(wrong version number|packet length)/],
    ['an end', () => said(''), /by TLS: (it hung up|Client network socket disconnected)/],
  ])('fails in words at %s', async (_, server, words) => {
    await expect(ask(await server(), 'example.com', 300)).rejects.toThrow(words);
  });

  it('lets its process end when it has an answer, also where the other side keeps the connection', async () => {
    const address = await listening(createTlsServer({ key: both, cert: both, allowHalfOpen: true }));
    const question = JSON.stringify({ ...parseAddress(address), servername: 'example.com', timeoutMs: 600_000 });
    const contents = `import { handshake } from '../../lib/entrance/handshake';
handshake(${question}).then(({ leaf }) => console.log(leaf.serial));`;
    const stdin = { contents, resolveDir: __dirname };
    const bundle = { stdin, bundle: true, write: false, platform: 'node' } as const;
    const program = (await build(bundle)).outputFiles[0]?.text ?? '';

    const { stdout } = await promisify(execFile)(process.execPath, ['-e', program]);

    expect(stdout.trim()).toBe(new X509Certificate(both).serialNumber);
  });
});

const said = (text: string) => listening(createServer((socket) => void socket.end(text)));

describe('the probe', () => {
  /** The moment at which a certificate has so much of its lifetime left. */
  const lifetime = (pem: string, percent: number): number => {
    const [from, to] = [Date.parse(new X509Certificate(pem).validFrom), Date.parse(new X509Certificate(pem).validTo)];
    return to - ((to - from) * percent) / 100;
  };

  /** The lines that the tick logs about these addresses, at a moment. */
  async function probed(addresses: readonly string[], now: number, certificates = [['example.com', '*.example.com']]) {
    const lines: Record<string, unknown>[] = [];
    const log = (message: string, fields: object) => void lines.push({ message, ...fields });
    await probe({ addresses, certificates, namespace: 'Sluice/dev' }, log, () => now)();
    return lines;
  }

  it('logs as metrics how many addresses do not answer, and the lifetime that is left of what is served', async () => {
    const now = lifetime(both, 60);
    const Metrics = [
      { Name: 'Unanswered', Unit: 'Count' },
      { Name: 'LifeLeft', Unit: 'Percent' },
    ];

    expect(await probed([await serving(both), await serving(both)], now)).toStrictEqual([
      {
        ...{ message: 'probed', faults: [], Unanswered: 0, LifeLeft: expect.closeTo(60, 3) },
        _aws: { Timestamp: now, CloudWatchMetrics: [{ Namespace: 'Sluice/dev', Dimensions: [[]], Metrics }] },
      },
    ]);
    expect(await probed([], now)).toStrictEqual([]);
  });

  it('counts an address where nothing listens, and judges the certificate by the others', async () => {
    const none = await gone();

    const [line] = await probed([none, await serving(both)], lifetime(both, 10));

    expect(line).toMatchObject({ Unanswered: 1, LifeLeft: expect.closeTo(10, 3) });
    expect(line?.faults).toStrictEqual([
      expect.stringMatching(`^${none} does not answer an HTTP request: connect ECONNREFUSED`),
      expect.stringMatching(`^${none} does not serve example.com by TLS: connect ECONNREFUSED`),
    ]);
  });

  it('counts an address that answers no request, or nothing at all, within three seconds', async () => {
    const mute = await listening(createHttpsServer({ key: both, cert: both }, () => undefined));
    const began = Date.now();

    const [[line], [nothing]] = await Promise.all([
      probed([mute], lifetime(both, 50)),
      probed([await silent()], lifetime(both, 50)),
    ]);

    expect(Date.now() - began).toBeLessThan(3_000);
    expect(line).toMatchObject({ Unanswered: 1, LifeLeft: expect.closeTo(50, 3) });
    expect(line?.faults).toStrictEqual([`${mute} does not answer an HTTP request: no answer within 2500 ms`]);
    expect(nothing).toMatchObject({ Unanswered: 1 });
    expect(JSON.stringify(nothing)).not.toContain('LifeLeft');
  });

  const { key, chain } = authority('ca').issue(['example.com', '*.example.com']);
  it.each([
    ['the stand-in', standIn, 60, 0, 'with a certificate of no name (the stand-in)'],
    ['one for another name', other, 60, 0, 'with a certificate of example.org'],
    ['one without its issuer’s', key, 60, 0, 'without the certificate of CN=ca-1, which issued it'],
    ['one with its issuer’s', key + chain, 60, 60, undefined],
    ['one that has expired', both, -1, 0, 'with a certificate that has expired'],
  ])('judges %s as clients do', async (_, pem, percent, LifeLeft, fault) => {
    const address = await serving(pem);
    const [line] = await probed([address], lifetime(pem, percent));
    expect(line).toMatchObject({ Unanswered: 0, LifeLeft: expect.closeTo(LifeLeft, 3) });
    expect(line?.faults).toStrictEqual(fault ? [`${address} serves example.com ${fault}`] : []);
  });

  it('asks for each certificate, by a name that only it answers for', async () => {
    const address = await serving(both);
    const [line] = await probed([address], lifetime(both, 60), [['*.example.com', 'example.com'], ['example.org']]);
    expect(line).toMatchObject({ LifeLeft: 0 });
    expect(line?.faults).toStrictEqual([
      `${address} serves example.org with a certificate of example.com, *.example.com`,
    ]);
  });
});
