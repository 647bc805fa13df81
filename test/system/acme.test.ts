import { X509Certificate } from 'node:crypto';

import { Client } from 'acme-client';

import { renewalId } from '../../lib/certificates/certificate';
import { pemFile } from '../../lib/sync/pem';
import { certificateOf } from '../../scripts/proxy/publisher';
import { acmeStage, name } from './acme-stage';
import { selfSigned } from './self-signed';

const both = [name, `*.${name}`];
const dayMs = 86_400_000;

let stage: Awaited<ReturnType<typeof acmeStage>>;
beforeEach(async () => {
  stage = await acmeStage();
});
afterEach(() => stage.stop());

const leaf = () => new X509Certificate(stage.stored(name).key);
const changes = () => stage.api.calls.filter(({ action }) => action === 'route53:ChangeResourceRecordSets');
const stored = (path: string) => stage.store.read(`/sluice/dev/${path}`);

it('orders an apex with its wildcard at once, in one record, stores it, tells reconcile, and leaves no record', async () => {
  const outcome = await stage.run([both]);

  expect(outcome).toStrictEqual({
    certificates: [{ name, did: 'renewed', why: 'no certificate is stored' }],
    served: 0,
  });
  expect(stage.orders()).toHaveLength(1);
  const { key, chain } = stage.stored(name);
  expect(leaf().subjectAltName).toBe(`DNS:${name}, DNS:*.${name}`);
  expect(new X509Certificate(chain).subject).toBe(leaf().issuer);
  expect(pemFile(name, key, chain)).toContain('PRIVATE KEY');
  expect(stage.index()).toStrictEqual([{ name, names: both, serial: leaf().serialNumber, key: 1, chain: 1 }]);
  expect(JSON.parse(stage.queue.messages[0]?.body ?? '')).toMatchObject({ source: 'sluice.renew' });

  const [shown, removed] = changes().map(({ input }) => input as { Changes: object[] });
  const Values = [expect.any(String), expect.any(String)];
  const set = { Name: `_acme-challenge.${name}`, Type: 'TXT', TTL: 10, Values };
  expect(shown?.Changes).toStrictEqual([{ Action: 'CREATE', ResourceRecordSet: set }]);
  expect(removed?.Changes).toMatchObject([{ Action: 'DELETE' }]);
  expect(stage.dns.questions.filter((question) => /^A ns-[12]\./.test(question)).length).toBeGreaterThanOrEqual(2);
  expect(stage.route53.records(stage.zone.id)).toStrictEqual([]);
  expect([stored('acme/journal'), stored('acme/lock')]).toStrictEqual(['[]', undefined]);
});

it('stores a chain in its order, without its root or what does not belong to it', async () => {
  const stranger = certificateOf(selfSigned('other.example'));
  stage.pebble.alter('certZ', (pem) => {
    const [leaf = '', ...authorities] = pem.split(/(?<=-----END CERTIFICATE-----\n)/);
    return [leaf, stage.pebble.root, stranger, ...authorities].join('');
  });

  await stage.run([[name]]);

  const { key, chain } = stage.stored(name);
  expect(chain.match(/BEGIN/g)).toHaveLength(1);
  expect(pemFile(name, key, chain)).toBe(`${key}${chain}\n`);
});

it('orders nothing while nothing is due, and another certificate where the state was deleted', async () => {
  await stage.run([[name]]);
  const seen = () => [
    stage.orders().length,
    changes().length,
    stored('certificates/index'),
    stage.queue.messages.length,
  ];
  const before = seen();

  expect(await stage.run([[name]])).toMatchObject({
    certificates: [{ did: 'kept', why: expect.stringMatching(/^valid until .*; it will be renewed about/) }],
  });
  expect(seen()).toStrictEqual(before);

  stage.store.handlers['ssm:DeleteParameter']({ Name: `/sluice/dev/acme/state/${name}` });
  expect(await stage.run([[name]])).toMatchObject({ certificates: [{ why: 'no certificate is stored' }] });
  expect(stage.index()).toMatchObject([{ name, key: 2, chain: 2 }]);
  expect(stored('certificates/index')).not.toBe(before[2]);
});

it('writes no DNS record when the CA still has valid authorizations', async () => {
  await stage.stop();
  stage = await acmeStage({ countsOldProofs: true });
  await stage.run([both]);
  const before = changes().length;

  await stage.run([both], { keyType: 'rsa-2048' });

  expect(leaf().publicKey.asymmetricKeyType).toBe('rsa');
  expect(changes()).toHaveLength(before);
});

it('keeps one account for a directory, and makes another where the CA deactivated it', async () => {
  await stage.run([[name]]);
  const kept = stored('acme/account') ?? '';
  await stage.run([both]);
  expect([stored('acme/account'), stored('acme/account:2')]).toStrictEqual([kept, undefined]);

  const [accountKey = ''] = Object.values<string>(JSON.parse(kept));
  const account = new Client({ directoryUrl: stage.pebble.directory, accountKey });
  await account.createAccount({ termsOfServiceAgreed: true, contact: ['mailto:hostmaster@example.com'] });
  // acme-client's types do not know it.
  await account.updateAccount({ status: 'deactivated' } as object);

  expect(await stage.run([[name]])).toMatchObject({ certificates: [{ did: 'renewed' }] });
  expect(stored('acme/account')).not.toBe(kept);
});

it('says that a CA binds accounts to its own, before a key is made for one', async () => {
  await stage.stop();
  stage = await acmeStage({ bindsAccounts: true });

  await expect(stage.run([[name]])).rejects.toThrow(
    /^example.com is due \(no certificate is stored\), but Asking https:\S+\/dir for an account: the CA refused \(externalAccountRequired\): .*; this CA binds each account .*; name another CA in acmeDirectory$/,
  );

  expect(stored('acme/account')).toBeUndefined();
});

it('ignores a renewal window of no length, and keeps the moment from the window before', async () => {
  await stage.run([[name]]);
  const id = renewalId(leaf()) ?? '';
  const window = { start: new Date(Date.now() + dayMs * 20), end: new Date(Date.now() + dayMs * 40) };
  stage.pebble.setWindow(id, window);
  const look = async () => {
    expect(await stage.run([[name]])).toMatchObject({ certificates: [{ did: 'kept' }] });
    stage.forgetRetryAfter(name);
    return stage.state(name)?.asked?.at ?? 0;
  };
  const moments = [await look(), await look()];

  const over = new Date(Date.now() - 3_600_000);
  stage.pebble.setWindow(id, { start: over, end: over });
  moments.push(await look());

  expect(moments[0]).toBeGreaterThanOrEqual(window.start.getTime());
  expect(new Set(moments).size).toBe(1);
});

it('renews when the CA asks for it, and says what the new one replaces', async () => {
  await stage.run([[name]]);
  const old = leaf();
  const id = renewalId(old) ?? '';
  expect(await stage.run([[name]])).toMatchObject({ certificates: [{ did: 'kept' }] });
  expect(stage.state(name)?.asked?.serial).toBe(old.serialNumber);

  const window = { start: new Date(Date.now() - 7_200_000), end: new Date(Date.now() - 3_600_000) };
  stage.pebble.setWindow(id, window);
  expect(await stage.run([[name]])).toMatchObject({ certificates: [{ did: 'kept' }] });
  stage.forgetRetryAfter(name);

  expect(await stage.run([[name]])).toMatchObject({
    certificates: [{ did: 'renewed', why: expect.stringMatching(/^the CA wants it renewed between/) }],
  });
  expect(stage.orders().at(-1)).toMatchObject({ replaces: id });
  expect(leaf().serialNumber).not.toBe(old.serialNumber);
});

it('stores a certificate of many names with an RSA key, too large for a free parameter', async () => {
  const names = Array.from({ length: 25 }, (_, at) => `a-rather-long-label-for-a-host-${at}.in-some-part.example.com`);

  await stage.run([names], { keyType: 'rsa-2048' });

  const { key, chain } = stage.stored(names[0] ?? '');
  expect(Buffer.byteLength(key)).toBeGreaterThan(4_096);
  expect(pemFile('large', key, chain).length).toBeGreaterThan(4_096);
  expect(stage.index()[0]?.names).toHaveLength(25);
});

it('keeps the old certificate of a changed first name until the new one is there', async () => {
  await stage.run([[name]]);
  const before = stage.index();
  stage.pebble.refuse('newOrder', { type: 'malformed', detail: 'not today' });

  await expect(stage.run([[`www.${name}`, name]])).rejects.toThrow('not today');
  expect(stage.index()).toStrictEqual(before);
  await stage.run([[`www.${name}`, name]]);

  expect(stage.index().map((certificate) => certificate.name)).toStrictEqual([`www.${name}`]);
});
