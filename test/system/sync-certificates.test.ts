import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:https';
import { join } from 'node:path';
import { connect } from 'node:tls';

import type { Certificate } from '../../lib/haproxy/generation';
import { type Instance, selfSigned, startInstance, startRelay, until } from './haproxy-instance';
import { ask, backend, startTask, stopTasks, type Task } from './haproxy-tasks';

jest.setTimeout(60_000);

let instance: Instance;
let a: Task;
let b: Task;

beforeEach(async () => {
  instance = await startInstance();
  [a, b] = [await startTask('a'), await startTask('b')];
  await publish();
  await instance.startHaproxy();
  await until(async () => (await ask(instance.host)) === '200 a');
});
afterEach(async () => {
  await instance.stop();
  stopTasks();
});

const web = (...started: Task[]) => backend(started.map(({ server }) => server));
const publish = (...certificates: Certificate[]) => instance.sync(instance.publish([web(a)], certificates));

const served = (servername: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: instance.host, port: 10443, servername, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerX509Certificate()?.serialNumber ?? 'none');
      socket.destroy();
    }).on('error', reject);
  });

const serial = (pem: string): string => new X509Certificate(pem).serialNumber;
const standIn = () => serial(readFileSync(join(instance.path.live, 'certificates/00-stand-in.pem'), 'utf8'));

describe('a certificate', () => {
  it('that is new, renewed and removed is so without a reload, and with it the stand-in stays', async () => {
    const before = await instance.processes();
    const [first, second] = [selfSigned('example.com'), selfSigned('example.com')];

    const added = await publish(instance.storeCertificate('example.com', { key: first }));
    const servedFirst = await served('example.com');
    const renewed = await publish(instance.storeCertificate('example.com', { key: second }));
    const servedSecond = await served('example.com');
    const removed = await publish();

    const certificates = ['example.com.pem'];
    expect([added, renewed, removed].map(({ report }) => report)).toStrictEqual(
      [2, 3, 4].map((generation) =>
        expect.objectContaining({ generation, changed: 'certificates', how: 'at run time', certificates }),
      ),
    );
    expect([servedFirst, servedSecond]).toStrictEqual([serial(first), serial(second)]);
    expect([await served('example.com'), await served('other.com')]).toStrictEqual([standIn(), standIn()]);
    expect(await instance.processes()).toStrictEqual(before);
  });

  it('counts when it is served: the proxy is asked itself, by every name, and its answer is in the report', async () => {
    const pem = selfSigned('example.com', '*.example.com');
    const names = ['example.com', '*.example.com'];

    const { report } = await publish({ ...instance.storeCertificate('example.com', { key: pem }), names });

    expect(report).toMatchObject({ served: { 'example.com': serial(pem) } });
    expect(await served('any.example.com')).toBe(serial(pem));
  });

  it.each([
    ['of another serial', (certificate: Certificate) => ({ ...certificate, serial: 'ABCD' }), 'example.com'],
    [
      'that lacks a name',
      (certificate: Certificate) => ({ ...certificate, names: ['example.com', '*.example.com'] }),
      'sluice-proof.example.com',
    ],
  ])(
    '%s than the published one fails the sync, holds nothing else up, and is told again later',
    async (_, lie, name) => {
      const pem = selfSigned('example.com');
      const certificate = lie(instance.storeCertificate('example.com', { key: pem }));

      const first = await instance.sync(instance.publish([web(a, b)], [certificate]));
      const again = await instance.sync(0);

      expect(first.code).toBe(2);
      expect(first.report.failed).toMatch(
        `everything else of generation 2 is applied, but the proxy serves ${name} with serial `,
      );
      expect((await instance.servers()).map(({ name }) => name).sort()).toStrictEqual(['a', 'b']);
      expect(again.report.failed).toBe(first.report.failed);
    },
  );

  it('is renewed under an open connection, which lives on', async () => {
    await publish(instance.storeCertificate('example.com', { key: selfSigned('example.com') }));
    const agent = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
    const ports = [await localPort(agent)];

    const second = selfSigned('example.com');
    await publish(instance.storeCertificate('example.com', { key: second }));
    ports.push(await localPort(agent));
    agent.destroy();

    expect(ports[1]).toBe(ports[0]);
    expect(await served('example.com')).toBe(serial(second));
  });

  it('is one file of key, leaf and chain that only root may read, and comes back after a restart', async () => {
    const [key, chain] = [selfSigned('example.com'), selfSigned('authority.example')];
    await publish(instance.storeCertificate('example.com', { key, chain: certificateOf(chain) }));
    const file = join(instance.path.live, 'certificates/example.com.pem');

    await instance.stopHaproxy();
    await instance.startHaproxy();

    expect(readFileSync(file, 'utf8')).toBe(key + certificateOf(chain));
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(await served('example.com')).toBe(serial(key));
  });

  it('with blank lines and carriage returns reaches the socket clean, and nothing of it any output', async () => {
    const pem = selfSigned('example.com');
    const dirty = pem.replace(/\n/g, '\r\n\r\n');
    const sent: string[] = [];
    const relay = await startRelay(instance, (command) => sent.push(command));

    const number = instance.publish([web(a)], [instance.storeCertificate('example.com', { key: dirty })]);
    const outcome = await instance.sync(number, { SLUICE_MASTER: relay.path });
    await relay.stop();

    const payload = sent.find((command) => command.includes('set ssl cert')) ?? '';
    expect(payload).toMatch(
      /^@!\d+ set ssl cert \S+example.com.pem <<\n-----BEGIN PRIVATE KEY-----\n[^\r]*[^\n\r]\n\n$/,
    );
    expect(payload.trimEnd()).not.toMatch(/\n\n/);
    expect(sent.filter((command) => /[A-Za-z0-9+/]{60}/.test(command.replace(payload, '')))).toStrictEqual([]);
    expect(outcome).toMatchObject({ code: 0, report: { certificates: ['example.com.pem'] } });
    for (const line of pem.trim().split('\n')) expect(outcome.output).not.toContain(line);
    expect(await served('example.com')).toBe(serial(pem));
  });

  it('that cannot be used holds nothing else up, and is told without a word of it', async () => {
    const [good, other] = [selfSigned('good.com'), selfSigned('bad.com')];
    const [key] = selfSigned('bad.com').split('-----BEGIN CERTIFICATE');
    const certificates = [
      instance.storeCertificate('good.com', { key: good }),
      instance.storeCertificate('bad.com', { key: key + certificateOf(other) }),
      instance.storeCertificate('large.com', { key: selfSigned('large.com'), chain: certificateOf(other).repeat(5) }),
      { ...instance.storeCertificate('gone.com', { key: good }), key: 9 },
    ];

    const chain = instance.storeCertificate('large.com', { key: selfSigned('large.com') });
    const outcome = await instance.sync(
      instance.publish([web(a, b)], [...certificates.slice(0, 2), chain, ...certificates.slice(3)]),
    );

    expect(outcome.code).toBe(2);
    expect(outcome.report.failed).toBe(
      'everything else of generation 2 is applied, but ' +
        'the stored certificate bad.com is no private key with its certificate; store it again; ' +
        '/sluice/test/certificates/gone.com/key:9 is missing in Parameter Store; what runs is kept, the next publication replaces it',
    );
    expect(outcome.output).not.toMatch(/[A-Za-z0-9+/]{60}/);
    expect(await served('good.com')).toBe(serial(good));
    expect((await instance.servers()).map(({ name }) => name).sort()).toStrictEqual(['a', 'b']);
  });

  it('whose file was damaged is fetched again, for HAProxy could not start with it', async () => {
    const certificate = instance.storeCertificate('example.com', { key: selfSigned('example.com') });
    const { report } = await publish(certificate);
    writeFileSync(join(instance.path.live, 'certificates/example.com.pem'), 'damaged');
    writeFileSync(join(instance.path.live, 'certificates/00-stand-in.pem'), 'damaged');

    const outcome = await instance.sync(Number(report.generation));
    await instance.stopHaproxy();
    await instance.startHaproxy();

    expect(outcome).toMatchObject({ code: 0 });
    await until(async () => (await ask(instance.host)) === '200 a');
  });

  it('that somebody took out of the running HAProxy comes back with the next sync', async () => {
    const pem = selfSigned('example.com');
    const certificate = instance.storeCertificate('example.com', { key: pem });
    const { report } = await publish(certificate);
    const folder = `${instance.path.live}/certificates/`;
    await instance.worker(`del ssl crt-list ${folder} ${folder}example.com.pem`);
    await instance.worker(`del ssl cert ${folder}example.com.pem`);

    const again = await instance.sync(Number(report.generation));

    expect(again.report).toMatchObject({ changed: 'certificates', certificates: ['example.com.pem'] });
    expect(await served('example.com')).toBe(serial(pem));
  });
});

const certificateOf = (pem: string): string => pem.slice(pem.indexOf('-----BEGIN CERTIFICATE'));

/** Asks once, and tells from which port: the same one for a connection that lived on. */
const localPort = (agent: Agent): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const asked = get({ host: instance.host, port: 10443, servername: 'example.com', agent }, (response) => {
      const port = asked.socket?.localPort;
      response.resume().on('end', () => setImmediate(resolve, port));
    }).on('error', reject);
  });
