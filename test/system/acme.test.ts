import { X509Certificate } from 'node:crypto';

import { Client } from 'acme-client';

import { renewalId } from '../../lib/certificates/certificate';
import { pemFile } from '../../lib/sync/pem';
import { acmeStage } from './acme-stage';
import { certificateOf, selfSigned } from './haproxy-instance';

jest.setTimeout(60_000);

const challenge = '_acme-challenge.example.com';
const foreign = '"kept by somebody else"';

let stage: Awaited<ReturnType<typeof acmeStage>>;
beforeEach(async () => {
  stage = await acmeStage();
}, 30_000);
afterEach(async () => {
  jest.restoreAllMocks();
  await stage.stop();
});

const txt = (zone = stage.zone.id) => stage.route53.records(zone).filter(({ Type }) => Type === 'TXT');
const leaf = (name = 'example.com') => new X509Certificate(stage.stored(name).key);
const changes = () => stage.api.calls.filter(({ action }) => action === 'route53:ChangeResourceRecordSets');
const orders = () => stage.pebble.payloads.flatMap(({ payload }) => ('identifiers' in payload ? [payload] : []));

it('orders an apex with its wildcard in one order, stores it in two free parameters, and tells reconcile', async () => {
  const outcome = await stage.run([['example.com', '*.example.com']]);

  expect(outcome).toStrictEqual({
    certificates: [{ name: 'example.com', did: 'renewed', why: 'none is stored' }],
    served: 0,
  });
  expect(orders()).toHaveLength(1);
  const { key, chain } = stage.stored('example.com');
  expect(leaf().subjectAltName).toBe('DNS:example.com, DNS:*.example.com');
  expect(new X509Certificate(chain).subject).toBe(leaf().issuer);
  expect(pemFile('example.com', key, chain)).toContain('PRIVATE KEY');
  expect(stage.index()).toStrictEqual([
    { name: 'example.com', names: ['example.com', '*.example.com'], serial: leaf().serialNumber, key: 1, chain: 1 },
  ]);
  expect(JSON.parse(stage.queue.messages[0]?.body ?? '')).toMatchObject({ source: 'sluice.renew' });
});

it('shows both values in one record, asks the zone’s own name servers, and leaves nothing', async () => {
  await stage.run([['example.com', '*.example.com']]);

  const [shown, removed] = changes().map(({ input }) => input as { Changes: object[] });
  const set = { Name: challenge, Type: 'TXT', TTL: 10, Values: [expect.any(String), expect.any(String)] };
  expect(shown?.Changes).toStrictEqual([{ Action: 'CREATE', ResourceRecordSet: set }]);
  expect(removed?.Changes).toMatchObject([{ Action: 'DELETE' }]);
  expect(stage.dns.questions.filter((question) => /^A ns-[12]\./.test(question)).length).toBeGreaterThanOrEqual(2);
  expect(txt()).toStrictEqual([]);
  expect(stage.store.read('/sluice/dev/acme/journal')).toBe('[]');
  expect(stage.store.read('/sluice/dev/acme/lock')).toBeUndefined();
});

it('keeps what others wrote into the same record, before and while it is there', async () => {
  const record = { Name: challenge, Type: 'TXT', TTL: 300, Values: [foreign] };
  stage.route53.put(stage.zone.id, record);

  await stage.run([['example.com', '*.example.com']]);

  expect(txt().map(({ TTL, Values }) => ({ TTL, Values }))).toStrictEqual([{ TTL: 300, Values: [foreign] }]);
});

const left = (SetIdentifier: string, more: object) =>
  ({ Name: challenge, Type: 'TXT', TTL: 300, Values: [`"${SetIdentifier}"`], SetIdentifier, ...more }) as const;
const places = { CollectionId: 'c-1' };

const many = (length: number, more: object) => Array.from({ length }, (_, at) => left(`a${at}`, more));
/** By the label of a host. Pebble asks by UDP alone, so that an answer must stay below 512 bytes. */
const policies: Readonly<Record<string, readonly ReturnType<typeof left>[]>> = {
  weighted: [left('a', { Weight: '0' }), left('b', { Weight: '10' }), left('c', { Weight: '255' })],
  latency: [left('a', { Region: 'eu-west-2' }), left('b', { Region: 'us-east-1' })],
  failover: [left('a', { Failover: 'PRIMARY', HealthCheckId: 'h-1' }), left('b', { Failover: 'SECONDARY' })],
  one: many(1, { MultiValueAnswer: 'true' }),
  multi: many(5, { MultiValueAnswer: 'true' }),
  'more-than-anybody-sees': many(12, { MultiValueAnswer: 'true', Values: ['"short"'] }),
  geolocation: [left('a', { GeoLocation: { CountryCode: 'DE' } }), left('b', { GeoLocation: { ContinentCode: 'AS' } })],
  geodefault: [left('a', { GeoLocation: { CountryCode: 'DE' } }), left('b', { GeoLocation: { CountryCode: '*' } })],
  geoproximity: [left('a', { GeoProximityLocation: { AWSRegion: 'eu-west-2', Bias: '5' } })],
  'ip-based': [left('a', { CidrRoutingConfig: { ...places, LocationName: 'office' } })],
  'more-than-a-page': many(120, { Weight: '1' }),
};

it('TXT records of another tool with a routing policy do not stand in the way, are told of once, and stay as they were', async () => {
  const labels = Object.keys(policies);
  const records = labels.flatMap((label) =>
    (policies[label] ?? []).map((record) => ({ ...record, Name: `_acme-challenge.${label}.example.com` })),
  );
  for (const record of records) stage.route53.put(stage.zone.id, record);
  const said = jest.spyOn(console, 'log').mockImplementation();

  await stage.run(labels.map((label) => [`${label}.example.com`]));

  const lines = said.mock.calls.map(([line]) => JSON.parse(line)).filter(({ message }) => message === 'noticed');
  expect(lines.map(({ words }) => words.split(' (')[0]).sort()).toStrictEqual(
    labels.map((label) => `_acme-challenge.${label}.example.com has TXT records with a routing policy`).sort(),
  );
  expect(stage.index()).toHaveLength(labels.length);
  const byId = (all: readonly { Name: string; SetIdentifier?: string }[]) =>
    [...all].sort((a, b) => (`${a.Name} ${a.SetIdentifier}` < `${b.Name} ${b.SetIdentifier}` ? -1 : 1));
  expect(byId(txt())).toStrictEqual(byId(records));
});

it.each([
  [
    'an alias',
    { AliasTarget: { DNSName: 'txt.example.com.', HostedZoneId: 'Z', EvaluateTargetHealth: 'false' } },
    'is an alias of txt.example.com.',
  ],
  [
    'an alias among weighted records',
    {
      SetIdentifier: 'blue',
      Weight: '1',
      AliasTarget: { DNSName: 'txt.example.com.', HostedZoneId: 'Z', EvaluateTargetHealth: 'false' },
    },
    'is an alias of txt.example.com.',
  ],
  [
    'a record of a traffic policy',
    { SetIdentifier: 'blue', Weight: '1', TrafficPolicyInstanceId: 't' },
    'belongs to a traffic policy',
  ],
])('%s is named to its owner, stays, and holds up no other certificate', async (_, more, why) => {
  stage.route53.put(stage.zone.id, { Name: challenge, Type: 'TXT', TTL: 300, Values: [], ...more });
  const before = txt();
  const which = 'SetIdentifier' in more ? ' with set identifier "blue"' : '';

  await expect(stage.run([['example.com', '*.example.com'], ['b.example.com']])).rejects.toThrow(
    `example.com is due (none is stored), but the TXT record${which} of ${challenge} ${why}, so that no challenge fits beside it; delete that record`,
  );

  expect(stage.index().map(({ name }) => name)).toStrictEqual(['b.example.com']);
  expect(txt()).toStrictEqual(before);
  expect(stage.store.read('/sluice/dev/acme/journal')).toBe('[]');
});

it('reads again when somebody else wrote between reading and writing', async () => {
  stage.hooks.beforeChange = () => {
    stage.route53.put(stage.zone.id, { Name: challenge, Type: 'TXT', TTL: 300, Values: [foreign] });
    stage.hooks.beforeChange = undefined;
  };

  await stage.run([['example.com']]);

  expect(txt().map(({ Values }) => Values)).toStrictEqual([[foreign]]);
});

it('reads again when somebody gave the record a routing policy between reading and writing', async () => {
  stage.hooks.beforeChange = () => {
    stage.route53.put(stage.zone.id, left('a', { Weight: '1' }));
    stage.hooks.beforeChange = undefined;
  };
  jest.spyOn(console, 'log').mockImplementation();

  await stage.run([['example.com']]);

  expect(txt().map(({ Values }) => Values)).toStrictEqual([['"a"']]);
});

it('orders two certificates whose challenges share one record', async () => {
  await stage.run([['example.com'], ['*.example.com', 'a.example.com']]);

  expect(stage.index().map(({ name, names }) => [name, names])).toStrictEqual([
    ['example.com', ['example.com']],
    ['wildcard.example.com', ['*.example.com', 'a.example.com']],
  ]);
  const [shown] = changes().map(
    ({ input }) => input as { Changes: { ResourceRecordSet: { Name: string; Values: string[] } }[] },
  );
  const counts = shown?.Changes.map(({ ResourceRecordSet: { Name, Values } }) => [Name, Values.length]);
  expect(counts).toStrictEqual([
    [challenge, 2],
    ['_acme-challenge.a.example.com', 1],
  ]);
  expect(txt()).toStrictEqual([]);
});

it('follows a CNAME into another zone, past a private twin', async () => {
  const other = stage.route53.addZone('challenges.example.org');
  const twin = stage.route53.addZone('challenges.example.org', { isPrivate: true });
  stage.route53.put(stage.zone.id, {
    Name: challenge,
    Type: 'CNAME',
    TTL: 300,
    Values: ['abc.challenges.example.org.'],
  });

  await stage.run([['example.com', '*.example.com']], { settings: { zones: [stage.zone.id, twin.id, other.id] } });

  expect(leaf().subjectAltName).toBe('DNS:example.com, DNS:*.example.com');
  expect(changes().map(({ input }) => (input as { Id: string }).Id)).toStrictEqual([other.id, other.id]);
  expect(txt(other.id)).toStrictEqual([]);
});

const cname = (Name: string, target: string) => ({ Name, Type: 'CNAME', TTL: 300, Values: [target] });

it('answers in the zone itself though a wildcard’s CNAME leads elsewhere', async () => {
  stage.route53.put(stage.zone.id, cname('*.example.com', 'lb.elsewhere.net.'));

  await stage.run([['example.com', '*.example.com']]);

  expect(leaf().subjectAltName).toBe('DNS:example.com, DNS:*.example.com');
  expect(changes().map(({ input }) => (input as { Id: string }).Id)).toStrictEqual([stage.zone.id, stage.zone.id]);
});

it('follows a CNAME of the name itself, beside a wildcard’s, past another zone’s wildcard', async () => {
  const other = stage.route53.addZone('challenges.example.org');
  stage.route53.put(stage.zone.id, cname('*.example.com', 'lb.elsewhere.net.'));
  stage.route53.put(stage.zone.id, cname(challenge, 'ABC.challenges.example.org.'));
  stage.route53.put(other.id, cname('*.challenges.example.org', 'lb.elsewhere.net.'));

  await stage.run([['example.com']], { settings: { zones: [stage.zone.id, other.id] } });

  expect(changes().map(({ input }) => (input as { Id: string }).Id)).toStrictEqual([other.id, other.id]);
});

it('follows the CNAME of a zone below, to which a zone of the settings delegates', async () => {
  const below = stage.route53.addZone('away.example.com');
  const other = stage.route53.addZone('challenges.example.org');
  const Values = below.nameServers.map((server) => `${server}.`);
  stage.route53.put(stage.zone.id, { Name: 'away.example.com', Type: 'NS', TTL: 300, Values });
  stage.route53.put(below.id, cname('_acme-challenge.a.away.example.com', 'abc.challenges.example.org.'));

  await stage.run([['a.away.example.com']], { settings: { zones: [stage.zone.id, other.id] } });

  expect(leaf('a.away.example.com').subjectAltName).toBe('DNS:a.away.example.com');
  expect(changes().map(({ input }) => (input as { Id: string }).Id)).toStrictEqual([other.id, other.id]);
});

it('stores a chain in its order, without its root or what does not belong to it', async () => {
  const stranger = certificateOf(selfSigned('other.example'));
  stage.pebble.alter('certZ', (pem) => {
    const [leaf = '', ...authorities] = pem.split(/(?<=-----END CERTIFICATE-----\n)/);
    return [leaf, stage.pebble.root, stranger, ...authorities].join('');
  });

  await stage.run([['example.com']]);

  const { key, chain } = stage.stored('example.com');
  expect(chain.match(/BEGIN/g)).toHaveLength(1);
  expect(pemFile('example.com', key, chain)).toBe(`${key}${chain}\n`);
});

it('asks nobody for a new one while nothing is due', async () => {
  await stage.run([['example.com']]);
  const before = [orders().length, changes().length, stage.store.read('/sluice/dev/certificates/index')];

  const { certificates } = await stage.run([['example.com']]);

  expect(certificates[0]).toMatchObject({
    did: 'kept',
    why: expect.stringMatching(/^valid until .*; it will be renewed about/),
  });
  expect([orders().length, changes().length, stage.store.read('/sluice/dev/certificates/index')]).toStrictEqual(before);
  expect(stage.queue.messages.length).toBe(1);
});

it('orders another one where its state was deleted, and lists that', async () => {
  await stage.run([['example.com']]);
  const [before] = stage.index();
  stage.store.handlers['ssm:DeleteParameter']({ Name: '/sluice/dev/acme/state/example.com' });

  expect(await stage.run([['example.com']])).toMatchObject({ certificates: [{ why: 'none is stored' }] });
  expect(stage.index()).toMatchObject([{ name: 'example.com', key: 2, chain: 2 }]);
  expect(stage.index()[0]?.serial).not.toBe(before?.serial);
});

it('writes nothing into DNS where the CA still knows the proofs', async () => {
  await stage.stop();
  stage = await acmeStage({ countsOldProofs: true });
  await stage.run([['example.com', '*.example.com']]);
  const before = changes().length;

  await stage.run([['example.com', '*.example.com']], { keyType: 'rsa-2048' });

  expect(leaf().publicKey.asymmetricKeyType).toBe('rsa');
  expect(changes()).toHaveLength(before);
});

it('keeps one account for a directory', async () => {
  await stage.run([['example.com']]);
  const account = stage.store.read('/sluice/dev/acme/account');

  await stage.run([['example.com']], { keyType: 'rsa-2048' });

  expect(stage.store.read('/sluice/dev/acme/account')).toBe(account);
  expect(stage.store.read('/sluice/dev/acme/account:2')).toBeUndefined();
  expect(leaf().publicKey.asymmetricKeyType).toBe('rsa');
});

it('makes another account where the CA deactivated the one that is kept', async () => {
  await stage.run([['example.com']]);
  const [accountKey = ''] = Object.values<string>(JSON.parse(stage.store.read('/sluice/dev/acme/account') ?? '{}'));
  const account = new Client({ directoryUrl: stage.pebble.directory, accountKey });
  await account.createAccount({ termsOfServiceAgreed: true, contact: ['mailto:hostmaster@example.com'] });
  // acme-client's types do not know it.
  await account.updateAccount({ status: 'deactivated' } as object);

  const { certificates } = await stage.run([['example.com']], { keyType: 'rsa-2048' });

  expect(certificates[0]?.did).toBe('renewed');
});

it('says that a CA binds accounts to its own, before a key is made for one', async () => {
  await stage.stop();
  stage = await acmeStage({ bindsAccounts: true });

  await expect(stage.run([['example.com']])).rejects.toThrow(
    /^example.com is due \(none is stored\), but Asking https:\S+\/dir for an account: the CA refused \(externalAccountRequired\): .*; this CA binds each account .*; name another CA in acmeDirectory$/,
  );

  expect(stage.store.read('/sluice/dev/acme/account')).toBeUndefined();
});

it('takes a window of no length for no answer, and keeps to the one before', async () => {
  await stage.run([['example.com']]);
  const window = { start: new Date(Date.now() + 86_400_000 * 20), end: new Date(Date.now() + 86_400_000 * 40) };
  await stage.pebble.setWindow(leaf().toString(), renewalId(leaf()) ?? '', window);
  await stage.run([['example.com']]);
  const { at } = stage.state('example.com')?.asked ?? {};

  const over = new Date(Date.now() - 3_600_000);
  stage.pebble.windows.set(renewalId(leaf()) ?? '', { start: over, end: over });
  stage.forgetRetryAfter('example.com');

  expect(await stage.run([['example.com']])).toMatchObject({ certificates: [{ did: 'kept' }] });
  expect(stage.state('example.com')?.asked?.at).toBe(at);
});

it('renews when the CA asks for it, and says what the new one replaces', async () => {
  console.info(
    `renewalInfo is answered by ${stage.pebble.ari === 'own' ? 'Pebble itself' : 'a stand-in before Pebble'}`,
  );
  await stage.run([['example.com']]);
  const old = leaf();
  const id = renewalId(old) ?? '';
  expect(await stage.run([['example.com']])).toMatchObject({ certificates: [{ did: 'kept' }] });
  const asked = stage.state('example.com')?.asked;
  expect(asked?.serial).toBe(old.serialNumber);

  const window = { start: new Date(Date.now() - 7_200_000), end: new Date(Date.now() - 3_600_000) };
  await stage.pebble.setWindow(old.toString(), id, window);
  expect(await stage.run([['example.com']])).toMatchObject({ certificates: [{ did: 'kept' }] });
  stage.forgetRetryAfter('example.com');
  const { certificates } = await stage.run([['example.com']]);

  expect(certificates[0]).toMatchObject({
    did: 'renewed',
    why: expect.stringMatching(/^the CA wants it renewed between/),
  });
  expect(orders().at(-1)).toMatchObject({ replaces: id });
  expect(leaf().serialNumber).not.toBe(old.serialNumber);
});

it('picks its moment once, and keeps it at every further look', async () => {
  await stage.run([['example.com']]);
  const window = { start: new Date(Date.now() + 86_400_000 * 20), end: new Date(Date.now() + 86_400_000 * 40) };
  await stage.pebble.setWindow(leaf().toString(), renewalId(leaf()) ?? '', window);
  const moments = [];
  for (let look = 0; look < 3; look++) {
    stage.forgetRetryAfter('example.com');
    await stage.run([['example.com']]);
    moments.push(stage.state('example.com')?.asked?.at);
  }

  expect(moments[0]).toBeGreaterThanOrEqual(window.start.getTime());
  expect(new Set(moments).size).toBe(1);
});

it('stores a certificate of many names with an RSA key, too large for a free parameter', async () => {
  const names = Array.from(
    { length: 25 },
    (_, index) => `a-rather-long-label-for-a-host-${index}.in-some-part.example.com`,
  );

  await stage.run([names], { keyType: 'rsa-2048' });

  const { key, chain } = stage.stored(names[0] ?? '');
  expect(Buffer.byteLength(key)).toBeGreaterThan(4_096);
  expect(pemFile('large', key, chain).length).toBeGreaterThan(4_096);
  expect(stage.index()[0]?.names).toHaveLength(25);
});

it('keeps the old certificate of a changed first name until the new one is there', async () => {
  await stage.run([['example.com']]);
  const before = stage.index();
  stage.pebble.refuse('newOrder', { type: 'malformed', detail: 'not today' });

  await expect(stage.run([['www.example.com', 'example.com']])).rejects.toThrow('not today');
  expect(stage.index()).toStrictEqual(before);
  await stage.run([['www.example.com', 'example.com']]);

  expect(stage.index().map(({ name }) => name)).toStrictEqual(['www.example.com']);
});
