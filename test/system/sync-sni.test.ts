import { orderAnew } from '../../lib/sync/pem';
import { authority } from './authority';
import { ask } from './haproxy-tasks';
import {
  a,
  apply,
  applyCertificates,
  b,
  butFor,
  host,
  instance,
  restart,
  serial,
  served,
  standIn,
  standWithoutCertificates,
  stored,
  web,
} from './sync-stand';
import { until } from './until';

standWithoutCertificates();

describe('a client without SNI', () => {
  it('sees the first certificate as soon as one exists, also renewed and after a reload and a restart, otherwise the stand-in', async () => {
    const before = await instance.processes();
    const [one, two, again] = [stored('first.com'), stored('second.com'), stored('first.com')];
    const seen = [await served('')];
    const initial = standIn();
    const sees = async (act: () => Promise<unknown>) => {
      await act();
      seen.push(await served(''));
    };

    await sees(() => applyCertificates(two.entry));
    await sees(() => applyCertificates(one.entry, two.entry));
    await sees(() => applyCertificates(again.entry, two.entry));
    await sees(() => applyCertificates(two.entry, again.entry));
    expect(await instance.processes()).toStrictEqual(before);
    const other = { ...web(b), name: 'other' };
    await sees(() => instance.sync(instance.publish([web(a), other], [two.entry, again.entry])));
    await sees(restart);
    await sees(() => applyCertificates(again.entry));
    await sees(() => applyCertificates());

    const expected = [two, one, again, two, two, two, again].map(({ key }) => serial(key));
    expect(seen).toStrictEqual([initial, ...expected, standIn()]);
    expect(expected).not.toContain(standIn());
  });

  it('sees the first one also when the name of another sorts before it', async () => {
    const others = ['0.example.com', '00-00.com', '0-a.com'].map((name) => stored(name).entry);
    const { key, entry } = stored('first.com');

    await applyCertificates(entry, ...others);
    await restart();
    const after = await apply([b], [entry, ...others]);

    expect(after).toMatchObject({ code: 0 });
    expect(await served('')).toBe(serial(key));
    expect(await served('0.example.com')).not.toBe(serial(key));
    expect(await applyCertificates(entry)).toMatchObject({ code: 0, report: { how: 'at run time' } });
    expect(await served('0.example.com')).toBe(serial(key));
  });

  it('sees the next one when the first cannot be used', async () => {
    const [lost, second] = [{ ...stored('first.com').entry, key: 99 }, stored('second.com')];

    expect(await applyCertificates(lost, second.entry)).toMatchObject({ code: 2 });

    expect(await served('')).toBe(serial(second.key));
  });
});

describe('a pair that HAProxy refuses', () => {
  const ca = authority('ca');
  const weak = ca.issue(['weak.com'], 'rsa:1024');
  const storeWeak = () => instance.storeCertificate('weak.com', weak);
  const refused = butFor(`HAProxy refuses the certificate weak.com: .*; ${orderAnew('weak.com')}$`);

  it('delays no other change, at run time and by a reload; the old one stays, or the stand-in', async () => {
    const [good, strong] = [stored('good.com'), ca.issue(['weak.com'])];
    await applyCertificates(instance.storeCertificate('weak.com', strong));
    const certificates = [storeWeak(), good.entry];

    const atRunTime = await apply([a, b], certificates);
    const again = await instance.sync(0);
    const byReload = await instance.sync(instance.publish([web(b), { ...web(a), name: 'other' }], certificates));

    for (const outcome of [atRunTime, again, byReload]) expect(outcome).toMatchObject(refused);
    const shown = [await served('good.com'), await served('weak.com'), await served('')];
    expect(shown).toStrictEqual([good, strong, strong].map(({ key }) => serial(key)));
    const found = (await instance.servers()).map(({ backend, name }) => `${backend}/${name}`);
    expect(found.sort()).toStrictEqual(['default.web/b', 'other/a']);
  });

  it('stops no proxy from its first start', async () => {
    await instance.stopHaproxy();
    const good = stored('good.com');

    const { code } = await apply([a, b], [storeWeak(), good.entry]);
    await instance.startHaproxy();

    expect(code).toBe(2);
    await until(async () => (await ask(host)) !== '');
    expect(await served('good.com')).toBe(serial(good.key));
  });
});
