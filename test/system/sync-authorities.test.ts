import { readFileSync } from 'node:fs';
import { connect } from 'node:tls';

import { orderAnew } from '../../lib/sync/pem';
import { authority } from './authority';
import {
  a,
  apply,
  applyCertificates,
  b,
  butFor,
  fileOf,
  host,
  instance,
  serial,
  served,
  servers,
  standWithoutCertificates,
  stored,
} from './sync-stand';

standWithoutCertificates();

describe('the authorities’ certificates', () => {
  const [ours, other] = [authority('ours', 2), authority('other', 1)];
  const [low = '', high = ''] = ours.intermediates;
  const issued = ours.issue(['example.com']);

  /** As a client that trusts the root alone and looks for nothing itself. */
  const isTrusted = () =>
    new Promise<boolean>((resolve) => {
      const asked = { host, port: 10443, servername: 'example.com', ca: ours.root };
      const socket = connect(asked, () => resolve(socket.authorized)).on('error', () => resolve(false));
    });

  it('are shown in their order, whatever else is stored with them', async () => {
    const chain = ours.root + high + other.intermediates.join('') + low;

    const outcome = await applyCertificates(instance.storeCertificate('example.com', { ...issued, chain }));

    expect(outcome).toMatchObject({ code: 0, report: { served: { 'example.com': serial(issued.key) } } });
    expect(await isTrusted()).toBe(true);
    expect(readFileSync(fileOf('example.com'), 'utf8')).toBe(issued.key + low + high);
  });

  it.each([
    ['junk', 'no chain', 'holds no certificate'],
    ['another’s', other.intermediates.join(''), 'has no certificate of CN=ours-2, which issued it'],
  ])('that are %s delay no other change, and the old certificate stays', async (_, chain, why) => {
    await applyCertificates(instance.storeCertificate('example.com', issued));
    const renewed = instance.storeCertificate('example.com', { ...ours.issue(['example.com']), chain });
    const good = stored('good.com');

    const outcome = await apply([a, b], [renewed, good.entry]);

    expect(outcome).toMatchObject(butFor(`the stored chain of example.com ${why}; ${orderAnew('example.com')}$`));
    const shown = [await served('example.com'), await served('good.com')];
    expect(shown).toStrictEqual([serial(issued.key), serial(good.key)]);
    expect(await isTrusted()).toBe(true);
    expect(await servers()).toStrictEqual(['a', 'b']);
  });

  /** As somebody with a shell on the proxy could. */
  async function setByHand(pem: string): Promise<void> {
    for (const path of [fileOf('example.com'), fileOf('00-stand-in')]) {
      await instance.worker(`set ssl cert ${path} <<\n${pem}`);
      await instance.worker(`commit ssl cert ${path}`);
    }
  }

  it('come back with the next sync where HAProxy has lost them', async () => {
    await applyCertificates(instance.storeCertificate('example.com', issued));
    await setByHand(issued.key);

    const again = await instance.sync(0);

    expect(again).toMatchObject({ code: 0, report: { changed: 'certificates', certificates: ['example.com.pem'] } });
    expect(await isTrusted()).toBe(true);
    expect((await instance.sync(0)).report).toMatchObject({ changed: 'nothing' });
  });

  it('are checked: a proxy that shows others fails the sync', async () => {
    await applyCertificates(instance.storeCertificate('example.com', issued));
    await setByHand(issued.key + high + low);

    const why = (whom: string) => `the proxy serves ${whom} without the certificates of its authorities`;
    expect(await instance.sync(0)).toMatchObject(
      butFor(`${why('example.com')} \\(CN=ours-2\\); .*; ${why('a client without SNI')} `),
    );
  });
});
