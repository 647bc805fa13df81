import { reserveMs } from '../../lib/certificates/run';
import { certificateOf } from '../../scripts/proxy/publisher';
import { dueStageForEach, foreign, name, stage } from './acme-stage';
import { selfSigned } from './self-signed';

const names = [[name, `*.${name}`]];

dueStageForEach();

type Options = Parameters<typeof stage.run>[1];
type Fault = readonly [says: RegExp, begin: () => unknown, options?: Options];

const refuse =
  (type: string, detail: string, at = 'newOrder', more = {}, times = 1) =>
  () =>
    stage.pebble.refuse(at, { type, detail, ...more }, times);
const deny =
  (action: string, about = '') =>
  () =>
    stage.api.faults.next(action, 'denied', 9, about);
const otherChain = (pem: string): string =>
  pem.replace(/(-----END CERTIFICATE-----\n).*$/s, '$1') + certificateOf(selfSigned('other.example'));

function mend(): void {
  stage.pebble.down(false);
  stage.pebble.invalidate(undefined);
  stage.pebble.alter('certZ', undefined);
  stage.dns.hide(false);
  stage.dns.lag(false);
  stage.route53.stick(false);
  stage.api.faults.clear();
}

const faults: Record<string, Fault> = {
  'the CA is down': [
    /Asking https:\S+\/dir: .*(ECONNRESET|socket hang up).*; the certificates that are stored stay/,
    () => stage.pebble.down(true),
  ],
  'the CA fails': [
    /Asking https:\S+: status 503: busy; the certificates that are stored stay/,
    refuse('serverInternal', 'busy', 'newOrder', { status: 503 }, 3),
  ],
  'the CA forbids it by CAA': [
    /the CA refused \(caa\): CAA record for example.com prevents issuance; add a CAA record that allows this CA/,
    refuse('caa', 'CAA record for example.com prevents issuance.', 'finalize'),
  ],
  // Twice, as the first is about the certificate that is replaced.
  'the CA calls it malformed': [
    /the CA refused \(malformed\): not so; compare the names and the profile in the settings/,
    refuse('malformed', 'not so', 'newOrder', { status: 400 }, 2),
  ],
  'the CA wants an account of its own': [
    /the CA refused \(externalAccountRequired\): bind it; this CA binds each account to one that you have with it/,
    refuse('externalAccountRequired', 'bind it', 'newAccount'),
  ],
  'the CA sees no answer, so that the order becomes invalid': [
    /Proving example.com: the CA refused \((dns|unauthorized)\): .*; check /,
    () => stage.dns.hide(true),
  ],
  'the order becomes invalid later': [
    /Waiting for the order: the CA refused \(orderNotReady\): something went wrong here; the next run tries again/,
    () => stage.pebble.invalidate({ type: 'orderNotReady', detail: 'something went wrong here' }),
  ],
  'the CA sends another’s chain': [
    /the chain that the CA sent with it has no certificate of CN=Pebble Intermediate CA \w+, which issued it/,
    () => stage.pebble.alter('certZ', otherChain),
  ],
  'the CA has no such profile': [
    /the CA has no profile "tlsserver", but (none|classic, shortlived); change acmeProfile in the settings/,
    () => {},
    { profile: 'tlsserver' },
  ],
  'Route 53 never comes in sync': [
    /Route 53 did not bring change \w+ in sync within four minutes; try again later/,
    () => stage.route53.stick(true),
  ],
  'one name server does not show it': [
    /the name servers of hosted zone \w+ \(ns-1\.\S+, ns-2\.\S+\) do not show _acme-challenge.example.com; is the zone delegated/,
    () => stage.dns.lag(true),
  ],
  'the settings name another zone': [
    /_acme-challenge.example.com is in no public hosted zone of the settings; add its zone’s id to challengeZones/,
    () => stage.route53.addZone('example.net', { id: 'ZOTHER' }),
    { settings: { zones: ['ZOTHER'] } },
  ],
  'the zone does not exist': [
    /Reading hosted zone ZGONE: NoSuchHostedZone: No hosted zone found with ID: ZGONE; the certificates that are stored stay/,
    () => {},
    { settings: { zones: ['ZGONE'] } },
  ],
  'Route 53 may not be changed': [
    /Changing the TXT records of _acme-challenge.example.com in hosted zone \w+: AccessDenied: .*; the function lacks a permission/,
    deny('route53:ChangeResourceRecordSets'),
  ],
  'Route 53 throttles for long': [
    /Reading the TXT records of _acme-challenge.example.com in hosted zone \w+: Throttling: Rate exceeded/,
    () => stage.api.faults.next('route53:ListResourceRecordSets', 'throttled', 9, 'TXT'),
  ],
  'Route 53’s zone may not be read': [
    /Reading the NS records of _acme-challenge.example.com in hosted zone \w+: AccessDenied: .*; the function lacks a permission/,
    deny('route53:ListResourceRecordSets'),
  ],
  'the journal may not be written': [
    /Writing \/sluice\/dev\/acme\/journal: AccessDeniedException/,
    deny('ssm:PutParameter', 'acme/journal'),
  ],
  'the certificate may not be written': [
    /Writing \/sluice\/dev\/certificates\/example.com\/key: AccessDeniedException: .*; the function lacks a permission/,
    deny('ssm:PutParameter', 'example.com/key'),
  ],
  'the time is over in the middle': [
    /the time of this run is over, it stops to clean up; the next run tries again/,
    () => stage.route53.stick(true),
    { leftMs: reserveMs + 2_500 },
  ],
};

describe.each(Object.entries(faults))('%s', (_, [says, begin, options]) => {
  it('fails with a reason, the old certificate stays, DNS is as before, and the next run renews', async () => {
    const before = [stage.index(), stage.stored(name)];
    begin();

    const error = await stage.run(names, options).catch((reason: Error) => reason);
    mend();

    const { message = 'it did not fail' } = error as Error;
    expect(message).toMatch(says);
    expect(message).toMatch(
      new RegExp(`^(${name} is due \\(.*(it expired|days are left|its profile changed).*\\), but |\\w+ing .*)`),
    );
    expect(message).not.toMatch(/PRIVATE KEY/);
    expect([stage.index(), stage.stored(name)]).toStrictEqual(before);
    expect(stage.txt()).toStrictEqual([foreign]);
    expect(stage.store.read('/sluice/dev/acme/lock')).toBeUndefined();

    expect(await stage.run(names)).toMatchObject({ certificates: [{ did: 'renewed' }] });
    expect(stage.stored(name)).not.toStrictEqual(before[1]);
    expect(stage.txt()).toStrictEqual([foreign]);
  });
});

it('each call of Route 53 that is throttled once or twice is sent again', async () => {
  for (const action of ['GetHostedZone', 'ListResourceRecordSets', 'ChangeResourceRecordSets', 'GetChange'])
    stage.api.faults.next(`route53:${action}`, 'throttled', 2);

  expect(await stage.run(names)).toMatchObject({ certificates: [{ did: 'renewed' }] });
});

it('waits as long as the CA asks for when it limits orders, also after a deploy', async () => {
  refuse('rateLimited', 'too many', 'newOrder', { status: 429, retryAfter: '3600' })();

  await expect(stage.run(names)).rejects.toThrow(
    /the CA refused \(rateLimited\): too many; nothing to do: it is tried again when the CA allows it/,
  );
  const before = stage.orders();
  await expect(stage.run(names)).rejects.toThrow(/is due \(.*\), but the CA asked to come back after /);

  expect(stage.orders()).toStrictEqual(before);
  expect(stage.state(name)?.attempts.issued).toHaveLength(1);
});

it('asks for no further proof when a slow CA used up the time, and cleans up', async () => {
  const proofs = () => stage.pebble.payloads.filter(({ path }) => path.includes('chalZ')).length;
  const before = proofs();
  const remainingMs = () => 300_000 - 100_000 * (proofs() - before);
  const many = ['a', 'b', 'c', 'd'].map((label) => `${label}.${name}`);

  await expect(stage.run([many], { clock: { remainingMs } })).rejects.toThrow(
    'a.example.com is due (no certificate is stored), but the time of this run is over, it stops to clean up',
  );

  expect(proofs() - before).toBe(2);
  expect(stage.txt()).toStrictEqual([foreign]);
});
