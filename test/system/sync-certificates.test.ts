import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:https';

import type { Certificate } from '../../lib/generation/generation';
import { orderAnew } from '../../lib/sync/pem';
import { certificateOf } from '../../scripts/proxy/publisher';
import { authority } from './authority';
import { ask } from './haproxy-tasks';
import { selfSigned } from './self-signed';
import {
  a,
  apply,
  applyCertificates,
  b,
  butFor,
  escaped,
  fileOf,
  host,
  instance,
  restart,
  serial,
  served,
  servers,
  standIn,
  standWithoutCertificates,
  startRelay,
  stored,
  web,
} from './sync-stand';
import { until } from './until';

standWithoutCertificates();

describe('a certificate', () => {
  it('is added, renewed and removed without a reload, and the stand-in stays', async () => {
    const before = await instance.processes();
    const [first, second] = [stored('example.com', selfSigned('example.com', '*.example.com')), stored('example.com')];

    const added = await applyCertificates({ ...first.entry, names: ['example.com', '*.example.com'] });
    const servedAny = await served('any.example.com');
    const servedFirst = await served('example.com');
    const renewed = await applyCertificates(second.entry);
    const servedSecond = await served('example.com');
    const removed = await applyCertificates();

    const report = { changed: 'certificates', how: 'at run time', certificates: ['example.com.pem'] };
    for (const outcome of [added, renewed, removed]) expect(outcome).toMatchObject({ code: 0, report });
    // It counts when the proxy itself shows it by every name.
    expect(added.report).toMatchObject({ served: { 'example.com': serial(first.key) } });
    const shown = [servedFirst, servedAny, servedSecond];
    expect(shown).toStrictEqual([first, first, second].map(({ key }) => serial(key)));
    expect([await served('example.com'), await served('other.com')]).toStrictEqual([standIn(), standIn()]);
    expect(await instance.processes()).toStrictEqual(before);
  });

  it.each<[string, Partial<Certificate>, string]>([
    ['of another serial', { serial: 'ABCD' }, 'example.com'],
    ['that lacks a name', { names: ['example.com', '*.example.com'] }, 'sluice-asks.example.com'],
  ])(
    '%s than the published one fails the sync, delays no other change, and is reported again later',
    async (_, lie, name) => {
      const first = await apply([a, b], [{ ...stored('example.com').entry, ...lie }]);
      const again = await instance.sync(0);

      expect(first).toMatchObject(butFor(`the proxy serves ${name} with serial `));
      expect(await servers()).toStrictEqual(['a', 'b']);
      expect(again.report.failed).toBe(first.report.failed);
    },
  );

  it('is renewed while a connection is open, which stays open', async () => {
    await applyCertificates(stored('example.com').entry);
    const agent = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
    const before = await localPort(agent);

    const { key, entry } = stored('example.com');
    await applyCertificates(entry);
    const after = await localPort(agent);
    agent.destroy();

    expect(after).toBe(before);
    expect(await served('example.com')).toBe(serial(key));
  });

  it('is one file of key, leaf and chain that only root may read, and comes back after a restart', async () => {
    const { key, chain } = authority('ca', 2).issue(['example.com']);
    await applyCertificates(instance.storeCertificate('example.com', { key, chain }));

    await restart();

    expect(readFileSync(fileOf('example.com'), 'utf8')).toBe(key + chain);
    expect(statSync(fileOf('example.com')).mode & 0o777).toBe(0o600);
    expect(await served('example.com')).toBe(serial(key));
  });

  it('with blank lines and carriage returns reaches the socket clean, and no part of it is printed', async () => {
    const pem = selfSigned('example.com');
    const { entry } = stored('example.com', pem.replace(/\n/g, '\r\n\r\n'));
    const sent: string[] = [];
    const relay = await startRelay((command) => sent.push(command));

    const number = instance.publish([web(a)], [entry]);
    const outcome = await instance.sync(number, { SLUICE_MASTER: relay.path });
    await relay.stop();

    const payload = ['example.com', '00-stand-in'].map((name) => {
      const command = new RegExp(
        `^@!\\d+ set ssl cert \\S+${name}.pem <<\\n(-----BEGIN PRIVATE KEY-----\\n[^\\r]*[^\\n\\r])\\n\\n$`,
      );
      return sent.flatMap((each) => command.exec(each)?.[1] ?? []);
    });
    expect(payload).toStrictEqual([[pem.trim()], [pem.trim()]]);
    expect(sent.filter((command) => /[A-Za-z0-9+/]{60}/.test(command.replace(pem.trim(), '')))).toStrictEqual([]);
    expect(outcome).toMatchObject({ code: 0, report: { certificates: ['example.com.pem'] } });
    for (const line of pem.trim().split('\n')) expect(outcome.output).not.toContain(line);
    expect(await served('example.com')).toBe(serial(pem));
  });

  it('that cannot be used delays no other change, and is reported without a part of it', async () => {
    const good = stored('good.com');
    const [key] = selfSigned('bad.com').split('-----BEGIN CERTIFICATE');
    const bad = stored('bad.com', key + certificateOf(selfSigned('bad.com')));
    const gone = { ...stored('gone.com').entry, key: 9 };

    const outcome = await apply([a, b], [good.entry, bad.entry, stored('large.com').entry, gone]);

    const faults = [
      `the stored certificate bad.com is not a private key with its certificate; ${orderAnew('bad.com')}`,
      `/sluice/test/certificates/gone.com/key:9 is missing in Parameter Store; ${orderAnew('gone.com')}`,
    ];
    expect(outcome).toMatchObject(butFor(`${escaped(faults.join('; '))}$`));
    expect(outcome.output).not.toMatch(/[A-Za-z0-9+/]{60}/);
    expect(await served('good.com')).toBe(serial(good.key));
    expect(await servers()).toStrictEqual(['a', 'b']);
  });

  it('whose file was damaged is fetched again, because HAProxy could not start with it', async () => {
    const { report } = await applyCertificates(stored('example.com').entry);
    for (const name of ['example.com', '00-stand-in']) writeFileSync(fileOf(name), 'damaged');

    expect(await instance.sync(Number(report.generation))).toMatchObject({ code: 0 });

    await restart();
    await until(async () => (await ask(host)) === '200 a');
  });
});

/** Asks once, and returns from which port: the same one for a connection that lived on. */
const localPort = (agent: Agent): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const asked = get({ host, port: 10443, servername: 'example.com', agent }, (response) => {
      const port = asked.socket?.localPort;
      response.resume().on('end', () => setImmediate(resolve, port));
    }).on('error', reject);
  });
