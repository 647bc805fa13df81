import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { parseState, type State } from '../../lib/certificates/due/state';
import { type Generation, parseCertificates, parseGeneration, printGeneration } from '../../lib/generation/generation';
import { parseBackend } from '../../lib/haproxy/backend';
import { type File, render } from '../../lib/haproxy/render';
import { standIn } from '../../lib/sync/pem';
import { backend } from '../builders';
import { authority } from './authority';
import { ask } from './haproxy-tasks';
import { keepRelease, keptPart, readLeft, releases } from './released';
import { selfSigned } from './self-signed';
import { instance, serial, served, standForEach } from './sync-stand';

/**
 * What a release left on a proxy and in Parameter Store, word for word. Whoever changes what is remembered must still read it.
 * `RELEASED=write npx jest upgrade-state` keeps that of today, and the parts that run, before a release.
 */
const { version } = JSON.parse(readFileSync(join(__dirname, '../../package.json'), 'utf8')) as { version: string };
const written = process.env.RELEASED === 'write';

standForEach();

const web = (servers: Record<string, number>) => backend(servers, { stopped: { c: 90 } });

if (written)
  it(`writes what ${version} leaves`, async () => {
    const files = render({ backends: [web({ a: 32768, b: 32769 })], certified: ['shop.example.com'] });
    const shop = { name: 'shop.example.com', names: ['shop.example.com'], serial: '0A', key: 3, chain: 2 };
    const state: State = {
      held: {
        ...{ names: shop.names, serial: '0A', key: 3, chain: 2, renewalId: 'aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE' },
        ...{ keyType: 'ecdsa-p256', directory: 'https://ca.example/directory', profile: '' },
        ...{ notBefore: 1_790_000_000_000, notAfter: 1_797_776_000_000 },
      },
      asked: { serial: '0A', start: 1_795_000_000_000, end: 1_795_100_000_000, at: 1_795_050_000_000, askAgainAt: 1 },
      attempts: { issued: [1_790_000_000_000], failures: 0, waitUntil: 0, refusedUntil: 0 },
      attempted: shop.names,
    };
    instance.publishFiles(files);
    await instance.sync(1);
    const left = join(instance.path.home, 'generations/1');
    const manifest = readFileSync(join(left, 'generation.json'), 'utf8');
    const { generation } = JSON.parse(manifest) as { generation: Generation };
    const texts = {
      ...Object.fromEntries(files.map(({ name, text }) => [`proxy/haproxy/${name}`, text])),
      'proxy/generation.json': manifest,
      'proxy/sluice.state': readFileSync(join(left, 'sluice.state'), 'utf8'),
      'proxy/start.state': readFileSync(join(left, 'start.state'), 'utf8'),
      'parameters/haproxy/current': `${printGeneration(generation)[0]}\n`,
      'parameters/certificates/index': `${JSON.stringify([shop])}\n`,
      'parameters/acme/state/shop.example.com': `${JSON.stringify(state)}\n`,
    };
    keepRelease(version, texts);
  });

(written ? describe.skip : describe).each(written ? [''] : releases())('what %s left', (release) => {
  const texts = written ? new Map<string, string>() : readLeft(release);
  const parameter = (name: string) => texts.get(`parameters/${name}`) ?? '';
  const files = [...texts].flatMap(([name, text]): File[] =>
    name.startsWith('proxy/haproxy/') ? [{ name: name.slice('proxy/haproxy/'.length), text }] : [],
  );

  it('on a proxy is taken up by the sync: nothing is reloaded, and the next change is one at run time', async () => {
    const home = join(instance.path.home, 'generations/1');
    for (const [name, text] of [...texts, [`proxy/certificates/${standIn}`, selfSigned('sluice.invalid')] as const]) {
      if (!name.startsWith('proxy/')) continue;
      mkdirSync(dirname(join(home, name.slice(6))), { recursive: true });
      writeFileSync(join(home, name.slice(6)), text, { mode: 0o600 });
    }
    symlinkSync(home, instance.path.live);
    const { modified } = JSON.parse(texts.get('proxy/generation.json') ?? '') as { modified: number };
    await instance.startHaproxy();
    const before = await instance.processes();
    instance.publishFiles(files);

    const same = await instance.sync(1);
    const next = await instance.sync(instance.publishFiles(files.map(withOneMore)));

    expect(modified).toBeGreaterThan(0);
    expect(same).toMatchObject({ code: 0, report: { generation: 1, changed: 'nothing' } });
    expect(next).toMatchObject({ code: 0, report: { generation: 2, changed: 'membership', added: 1 } });
    expect(await instance.processes()).toStrictEqual(before);
  });

  it('serves the first certificate to a client without SNI, and a stand-in again after a step back to the older sync', async () => {
    const program = join(instance.path.folder, 'sync.sh');
    const [older, today] = [keptPart(release, 'sync.sh').replaceAll('/sluice/dev', '/sluice/test'), read(program)];
    const first = authority('ca').issue(['example.com']);
    const certificate = instance.storeCertificate('example.com', first);
    const offered = async () => [await served(''), await served('example.com')];
    const syncBy = async (text: string, more = {}) => {
      writeFileSync(program, text.replace(/'\{\{ Generation \}\}'/, '"$1"'));
      const backends = [web({ a: 32768, ...more })];
      return (await instance.sync(instance.publish(backends, [certificate]))).code;
    };

    const codes = [await syncBy(older)];
    await instance.startHaproxy();
    const standInNow = () => serial(read(join(instance.path.live, 'certificates', standIn)));
    const seen = [[...(await offered()), standInNow()]];
    codes.push(await syncBy(today));
    seen.push([...(await offered()), standInNow()]);
    codes.push(await syncBy(older, { b: 32769 }));
    await instance.stopHaproxy();
    await instance.startHaproxy();
    seen.push([...(await offered()), standInNow()]);

    const own = serial(first.key);
    expect(codes).toStrictEqual([0, 0, 0]);
    expect(seen.map((each) => each.map((shown) => (shown === own ? 'example.com' : 'stand-in')))).toStrictEqual([
      ['stand-in', 'example.com', 'stand-in'],
      ['example.com', 'example.com', 'example.com'],
      ['stand-in', 'example.com', 'stand-in'],
    ]);
  });

  it('boots with what is published today, and serves a later host as soon as the new sync comes', async () => {
    const program = join(instance.path.folder, 'sync.sh');
    const [older, today] = [keptPart(release, 'sync.sh').replaceAll('/sluice/dev', '/sluice/test'), read(program)];
    const syncBy = (text: string, ...hosts: string[]) => {
      writeFileSync(program, text.replace(/'\{\{ Generation \}\}'/, '"$1"'));
      const routes = hosts.map((host) => ({ host, path: '/', since: 1 }));
      return instance.sync(instance.publish([backend({}, { routes })]));
    };
    const answer = async (Host: string) => (await ask(instance.host, { headers: { Host } })).slice(0, 3);

    expect(await syncBy(older, 'shop.example.com')).toMatchObject({ code: 0, report: { changed: 'prepared' } });
    await instance.startHaproxy();
    expect([await answer('shop.example.com'), await answer('new.example.com')]).toStrictEqual(['503', '404']);
    expect(await syncBy(older, 'shop.example.com', 'new.example.com')).toMatchObject({ code: 0 });
    expect(await syncBy(today, 'shop.example.com', 'new.example.com')).toMatchObject({ report: { changed: 'routes' } });
    expect(await answer('new.example.com')).toBe('503');
  });

  it('in Parameter Store is read: routes, stop orders, the lists, and the state of certificates', () => {
    const [service] = files.filter(({ name }) => name.startsWith('50-'));

    expect(parseBackend(service?.text ?? '')).toStrictEqual(web({ a: 32768, b: 32769 }));
    expect(parseGeneration(parameter('haproxy/current'))).toStrictEqual(JSON.parse(parameter('haproxy/current')));
    expect(parseCertificates(parameter('certificates/index'))).toHaveLength(1);
    const state = parameter('acme/state/shop.example.com');
    expect(parseState(state)).toStrictEqual(JSON.parse(state));
  });
});

const read = (file: string): string => readFileSync(file, 'utf8');
/** Besides `b` a task `d`, at a port of its own. */
const withOneMore = ({ name, text }: File): File => ({
  name,
  text: text.replace(/^( +server )b ([\d.]+):\d+(.*\n)/m, '$&$1d $2:32770$3'),
});
