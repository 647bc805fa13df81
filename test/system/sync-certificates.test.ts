import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:https';
import { join } from 'node:path';
import { connect } from 'node:tls';

import type { Certificate } from '../../lib/generation/generation';
import { orderAnew } from '../../lib/sync/pem';
import { authority } from './authority';
import { certificateOf, type Instance, selfSigned, startInstance, startRelay, until } from './haproxy-instance';
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

/** For no name as a client without SNI. */
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
      'sluice-asks.example.com',
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
    const { key, chain } = authority('ca', 2).issue(['example.com']);
    await publish(instance.storeCertificate('example.com', { key, chain }));
    const file = join(instance.path.live, 'certificates/example.com.pem');

    await instance.stopHaproxy();
    await instance.startHaproxy();

    expect(readFileSync(file, 'utf8')).toBe(key + chain);
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

    const payloads = sent.filter((command) => command.includes('set ssl cert'));
    const [file, ...others] = ['example.com', '00-stand-in'].map((name, at) => {
      const command = new RegExp(
        `^@!\\d+ set ssl cert \\S+${name}.pem <<\\n(-----BEGIN PRIVATE KEY-----\\n[^\\r]*[^\\n\\r])\\n\\n$`,
      );
      return command.exec(payloads[at] ?? '')?.[1];
    });
    expect(file).not.toMatch(/\n\n/);
    expect(others).toStrictEqual([file]);
    expect(sent.filter((command) => /[A-Za-z0-9+/]{60}/.test(command.replace(`${file}`, '')))).toStrictEqual([]);
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
        `the stored certificate bad.com is no private key with its certificate; ${orderAnew('bad.com')}; ` +
        `/sluice/test/certificates/gone.com/key:9 is missing in Parameter Store; ${orderAnew('gone.com')}`,
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

/** Asks once, and tells from which port: the same one for a connection that lived on. */
const localPort = (agent: Agent): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const asked = get({ host: instance.host, port: 10443, servername: 'example.com', agent }, (response) => {
      const port = asked.socket?.localPort;
      response.resume().on('end', () => setImmediate(resolve, port));
    }).on('error', reject);
  });

describe('the authorities’ certificates', () => {
  const [ours, other] = [authority('ours', 2), authority('other', 1)];
  const [low = '', high = ''] = ours.intermediates;

  /** As a client that trusts the root alone and looks for nothing itself. */
  const isTrusted = () =>
    new Promise<boolean>((resolve) => {
      const asked = { host: instance.host, port: 10443, servername: 'example.com', ca: ours.root };
      const socket = connect(asked, () => resolve(socket.authorized)).on('error', () => resolve(false));
    });

  it('are shown in their order, whatever else is stored with them', async () => {
    const { key } = ours.issue(['example.com']);
    const chain = ours.root + high + other.intermediates.join('') + low;

    const outcome = await publish(instance.storeCertificate('example.com', { key, chain }));

    expect(outcome).toMatchObject({ code: 0, report: { served: { 'example.com': serial(key) } } });
    expect(await isTrusted()).toBe(true);
    expect(readFileSync(join(instance.path.live, 'certificates/example.com.pem'), 'utf8')).toBe(key + low + high);
  });

  it.each([
    ['junk', 'no chain', 'holds no certificate'],
    ['another’s', other.intermediates.join(''), 'has no certificate of CN=ours-2, which issued it'],
  ])('that are %s hold nothing else up, and the old certificate stays', async (_, chain, why) => {
    const [first, second] = [ours.issue(['example.com']), ours.issue(['example.com'])];
    await publish(instance.storeCertificate('example.com', first));
    const good = selfSigned('good.com');
    const certificates = [
      instance.storeCertificate('example.com', { ...second, chain }),
      instance.storeCertificate('good.com', { key: good }),
    ];

    const outcome = await instance.sync(instance.publish([web(a, b)], certificates));

    expect(outcome).toMatchObject({
      code: 2,
      report: {
        failed: `everything else of generation 3 is applied, but the stored chain of example.com ${why}; ${orderAnew('example.com')}`,
      },
    });
    expect([await served('example.com'), await served('good.com')]).toStrictEqual([serial(first.key), serial(good)]);
    expect(await isTrusted()).toBe(true);
    expect((await instance.servers()).map(({ name }) => name).sort()).toStrictEqual(['a', 'b']);
  });

  /** As somebody with a shell on the proxy could. */
  async function setByHand(pem: string): Promise<void> {
    const file = `${instance.path.live}/certificates/example.com.pem`;
    for (const path of [file, file.replace('example.com', '00-stand-in')]) {
      await instance.worker(`set ssl cert ${path} <<\n${pem}`);
      await instance.worker(`commit ssl cert ${path}`);
    }
  }

  it('come back with the next sync where HAProxy has lost them', async () => {
    const given = ours.issue(['example.com']);
    const { report } = await publish(instance.storeCertificate('example.com', given));
    await setByHand(given.key);

    const again = await instance.sync(Number(report.generation));

    expect(again).toMatchObject({ code: 0, report: { changed: 'certificates', certificates: ['example.com.pem'] } });
    expect(await isTrusted()).toBe(true);
    expect((await instance.sync(0)).report).toMatchObject({ changed: 'nothing' });
  });

  it('are asked for: a proxy that shows others fails the sync', async () => {
    const given = ours.issue(['example.com']);
    const { report } = await publish(instance.storeCertificate('example.com', given));
    await setByHand(given.key + high + low);

    const again = await instance.sync(Number(report.generation));

    expect(again.code).toBe(2);
    expect(again.report.failed).toMatch(
      /the proxy serves example.com without the certificates of its authorities \(CN=ours-2\); .*; the proxy serves a client without SNI without /,
    );
  });
});

describe('a client without SNI', () => {
  const [first, second] = [selfSigned('first.com'), selfSigned('second.com')];

  it('sees the first certificate as soon as there is one, renewed, after a reload and a restart, else the stand-in', async () => {
    const before = await instance.processes();
    const seen = [(await served('')) === standIn()];
    const [one, two] = [
      instance.storeCertificate('first.com', { key: first }),
      instance.storeCertificate('second.com', { key: second }),
    ];
    const shows = async (pem: string) => seen.push((await served('')) === serial(pem));

    await publish(two);
    await shows(second);
    await publish(one, two);
    await shows(first);
    const renewed = selfSigned('first.com');
    await publish(instance.storeCertificate('first.com', { key: renewed }), two);
    await shows(renewed);
    await publish(two, one);
    await shows(second);
    expect(await instance.processes()).toStrictEqual(before);
    await instance.sync(instance.publish([web(a), { ...web(b), name: 'other' }], [two, one]));
    await shows(second);
    await instance.stopHaproxy();
    await instance.startHaproxy();
    await shows(second);
    await publish(one);
    await shows(first);
    await publish();

    expect(seen).toStrictEqual(seen.map(() => true));
    expect(await served('')).toBe(standIn());
    expect(standIn()).not.toBe(serial(first));
  });

  it('sees the first one also where the name of another would come first in the folder', async () => {
    const names = ['0.example.com', '00-00.com', '0-a.com'];
    const others = names.map((name) => instance.storeCertificate(name, { key: selfSigned(name) }));
    const one = instance.storeCertificate('first.com', { key: first });

    await publish(one, ...others);
    await instance.stopHaproxy();
    await instance.startHaproxy();
    const after = await instance.sync(instance.publish([web(b)], [one, ...others]));

    expect(after).toMatchObject({ code: 0 });
    expect(await served('')).toBe(serial(first));
    expect(await served('0.example.com')).not.toBe(serial(first));
    expect(await publish(one)).toMatchObject({ code: 0, report: { how: 'at run time' } });
    expect(await served('0.example.com')).toBe(serial(first));
  });

  it('sees the next one where the first cannot be used', async () => {
    const lost = { ...instance.storeCertificate('first.com', { key: first }), key: 9 };

    expect(await publish(lost, instance.storeCertificate('second.com', { key: second }))).toMatchObject({ code: 2 });

    expect(await served('')).toBe(serial(second));
  });
});

describe('a pair that HAProxy refuses', () => {
  const ca = authority('ca');
  const weak = ca.issue(['weak.com'], 'rsa:1024');
  const why = (generation: number) =>
    new RegExp(
      `^everything else of generation ${generation} is applied, but HAProxy refuses the certificate weak.com: .*; ${orderAnew('weak.com')}$`,
    );

  it('holds up no other change, at run time and by a reload; the old one stays, or the stand-in', async () => {
    const good = selfSigned('good.com');
    const certificates = [
      instance.storeCertificate('weak.com', weak),
      instance.storeCertificate('good.com', { key: good }),
    ];

    const atRunTime = await instance.sync(instance.publish([web(a, b)], certificates));
    const again = await instance.sync(2);
    const byReload = await instance.sync(instance.publish([web(b), { ...web(a), name: 'other' }], certificates));

    expect([atRunTime, again, byReload].map(({ code }) => code)).toStrictEqual([2, 2, 2]);
    expect([atRunTime, again].map(({ report }) => report.failed)).toStrictEqual(
      [2, 2].map((generation) => expect.stringMatching(why(generation))),
    );
    expect(byReload.report.failed).toMatch(why(3));
    expect([await served('good.com'), await served('')]).toStrictEqual([serial(good), serial(good)]);
    const servers = (await instance.servers()).map(({ backend, name }) => `${backend}/${name}`);
    expect(servers.sort()).toStrictEqual(['default.web/b', 'other/a']);
  });

  it('leaves the old one of its name in place', async () => {
    const strong = ca.issue(['weak.com']);
    await publish(instance.storeCertificate('weak.com', strong));

    const outcome = await instance.sync(instance.publish([web(a, b)], [instance.storeCertificate('weak.com', weak)]));

    expect(outcome.report.failed).toMatch(why(3));
    expect([await served('weak.com'), await served('')]).toStrictEqual([serial(strong.key), serial(strong.key)]);
    expect((await instance.servers()).map(({ name }) => name).sort()).toStrictEqual(['a', 'b']);
  });

  it('keeps no proxy from its first start', async () => {
    await instance.stopHaproxy();
    const good = selfSigned('good.com');
    const certificates = [
      instance.storeCertificate('weak.com', weak),
      instance.storeCertificate('good.com', { key: good }),
    ];

    const { code } = await instance.sync(instance.publish([web(a, b)], certificates));
    await instance.startHaproxy();

    expect(code).toBe(2);
    await until(async () => (await ask(instance.host)) !== '');
    expect(await served('good.com')).toBe(serial(good));
  });
});
