import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';

import { reserveMs } from '../../lib/certificates/run';
import { acmeStage } from './acme-stage';
import { authority } from './authority';
import { certificateOf, selfSigned } from './haproxy-instance';

jest.setTimeout(60_000);

const name = 'example.com';
const names = [[name, `*.${name}`]];
const foreign = { Name: `_acme-challenge.${name}`, Type: 'TXT', TTL: 300, Values: ['"foreign"'] };

type Stage = Awaited<ReturnType<typeof acmeStage>>;
let stage: Stage;
/** With a certificate whose time is nearly over, and somebody else's value beside our own. */
beforeEach(async () => {
  stage = await acmeStage();
  await stage.run(names);
  stage.age(name);
  stage.route53.put(stage.zone.id, foreign);
}, 30_000);
afterEach(() => stage.stop());

const orders = () => stage.pebble.payloads.filter(({ payload }) => 'identifiers' in payload).length;
const text = () => stage.route53.records(stage.zone.id).filter(({ Type }) => Type === 'TXT');
const why = 'it expired|days are left';

type Break = {
  readonly says: RegExp;
  readonly break: () => unknown;
  readonly options?: Parameters<Stage['run']>[1];
  readonly mend?: () => unknown;
};

const refused =
  (type: string, detail: string, at = 'newOrder', more = {}) =>
  () =>
    // Once more without a word of the old certificate.
    stage.pebble.refuse(at, { type, detail, ...more }, type === 'malformed' ? 2 : 1);
const denied =
  (action: string, about = '') =>
  () =>
    stage.api.faults.next(action, 'denied', 9, about);
const allowed = () => stage.api.faults.clear();

const leafOf = (pem: string): string => pem.replace(/(-----END CERTIFICATE-----\n).*$/s, '$1');

const faults: Record<string, Break> = {
  'the CA is down': {
    says: /Asking https:\S+\/dir: .*(ECONNRESET|socket hang up).*; the certificates that are stored stay/,
    break: () => stage.pebble.down(true),
    mend: () => stage.pebble.down(false),
  },
  'the CA fails': {
    says: /Asking https:\S+: status 503: busy; the certificates that are stored stay/,
    break: () => stage.pebble.refuse('newOrder', { type: 'serverInternal', detail: 'busy', status: 503 }, 3),
  },
  'the CA forbids it by CAA': {
    says: /the CA refused \(caa\): CAA record for example.com prevents issuance; add a CAA record that allows this CA/,
    break: refused('caa', 'CAA record for example.com prevents issuance.', 'finalize'),
  },
  'the CA calls it malformed': {
    says: /the CA refused \(malformed\): not so; compare the names and the profile in the settings/,
    break: refused('malformed', 'not so', 'newOrder', { status: 400 }),
  },
  'the CA wants an account of its own': {
    says: /the CA refused \(externalAccountRequired\): bind it; this CA binds each account to one that you have with it/,
    break: refused('externalAccountRequired', 'bind it', 'newAccount'),
  },
  'the CA sees no answer, so that the order becomes invalid': {
    says: /Proving example.com: the CA refused \((dns|unauthorized)\): .*; look /,
    break: () => stage.dns.hide(true),
    mend: () => stage.dns.hide(false),
  },
  'the order becomes invalid later': {
    says: /Waiting for the order: the CA refused \(orderNotReady\): something went wrong here; the next run tries again/,
    break: () => stage.pebble.invalidate({ type: 'orderNotReady', detail: 'something went wrong here' }),
    mend: () => stage.pebble.invalidate(undefined),
  },
  'the CA sends another’s chain': {
    says: /the chain that the CA sent with it has no certificate of CN=Pebble Intermediate CA \w+, which issued it/,
    break: () => stage.pebble.alter('certZ', (pem) => leafOf(pem) + certificateOf(selfSigned('other.example'))),
    mend: () => stage.pebble.alter('certZ', undefined),
  },
  'the CA has no such profile': {
    says: /the CA has no profile "tlsserver", but (none|classic, shortlived); change acmeProfile in the settings/,
    break: () => {},
    options: { profile: 'tlsserver' },
  },
  'Route 53 never comes in sync': {
    says: /Route 53 did not bring change \w+ in sync within four minutes; try again later/,
    break: () => stage.route53.stick(true),
    mend: () => stage.route53.stick(false),
  },
  'one name server does not show it': {
    says: /the name servers of hosted zone \w+ \(ns-1\.\S+, ns-2\.\S+\) do not show _acme-challenge.example.com; is the zone delegated/,
    break: () => stage.dns.lag(true),
    mend: () => stage.dns.lag(false),
  },
  'the settings name another zone': {
    says: /_acme-challenge.example.com is in no public hosted zone of the settings; add its zone’s id to challengeZones/,
    break: () => stage.route53.addZone('example.net', { id: 'ZOTHER' }),
    options: { settings: { zones: ['ZOTHER'] } },
  },
  'the zone does not exist': {
    says: /Reading hosted zone ZGONE: NoSuchHostedZone: No hosted zone found with ID: ZGONE; the certificates that are stored stay/,
    break: () => {},
    options: { settings: { zones: ['ZGONE'] } },
  },
  'Route 53 may not be changed': {
    says: /Changing the TXT records of _acme-challenge.example.com in hosted zone \w+: AccessDenied: .*; the function lacks a permission/,
    break: denied('route53:ChangeResourceRecordSets'),
    mend: allowed,
  },
  'Route 53 throttles for long': {
    says: /Reading the TXT records of _acme-challenge.example.com in hosted zone \w+: Throttling: Rate exceeded/,
    break: () => stage.api.faults.next('route53:ListResourceRecordSets', 'throttled', 9, 'TXT'),
    mend: allowed,
  },
  'Route 53’s zone may not be read': {
    says: /Reading the NS records of _acme-challenge.example.com in hosted zone \w+: AccessDenied: .*; the function lacks a permission/,
    break: denied('route53:ListResourceRecordSets'),
    mend: allowed,
  },
  'the journal may not be written': {
    says: /Writing \/sluice\/dev\/acme\/journal: AccessDeniedException/,
    break: denied('ssm:PutParameter', 'acme/journal'),
    mend: allowed,
  },
  'the certificate may not be written': {
    says: /Writing \/sluice\/dev\/certificates\/example.com\/key: AccessDeniedException: .*; the function lacks a permission/,
    break: denied('ssm:PutParameter', 'example.com/key'),
    mend: allowed,
  },
  'the time is over in the middle': {
    says: /the time of this run is over, it stops to clean up; the next run tries again/,
    break: () => stage.route53.stick(true),
    options: { leftMs: reserveMs + 2_500 },
    mend: () => stage.route53.stick(false),
  },
};

describe.each(Object.keys(faults))('%s', (fault) => {
  it('fails in words, the old certificate stays, DNS is as before, and the next run is right', async () => {
    const { says, options, mend, ...row } = faults[fault] as Break;
    const before = [stage.store.read('/sluice/dev/certificates/index'), stage.stored(name)];
    await row.break();

    const error = await stage.run(names, options).then(
      () => new Error('it did not fail'),
      (reason: Error) => reason,
    );
    await mend?.();

    expect(error.message).toMatch(says);
    expect(error.message).toMatch(
      new RegExp(`^(${name} is due \\(.*(${why}|its profile changed).*\\), but |\\w+ing .*)`),
    );
    expect(error.message).not.toMatch(/PRIVATE KEY/);
    expect([stage.store.read('/sluice/dev/certificates/index'), stage.stored(name)]).toStrictEqual(before);
    expect(text()).toStrictEqual([foreign]);
    expect(stage.store.read('/sluice/dev/acme/lock')).toBeUndefined();

    expect(await stage.run(names)).toMatchObject({ certificates: [{ did: 'renewed' }] });
    expect(stage.stored(name)).not.toStrictEqual(before[1]);
    expect(text()).toStrictEqual([foreign]);
  });
});

it.each([
  'route53:GetHostedZone',
  'route53:ListResourceRecordSets',
  'route53:ChangeResourceRecordSets',
  'route53:GetChange',
])('%s throttled once or twice is asked again', async (action) => {
  stage.api.faults.next(action, 'throttled', 2);

  expect(await stage.run(names)).toMatchObject({ certificates: [{ did: 'renewed' }] });
});

it('waits as long as a CA wants that limits us, also after a deploy', async () => {
  stage.pebble.refuse('newOrder', { type: 'rateLimited', detail: 'too many', status: 429, retryAfter: '3600' });

  await expect(stage.run(names)).rejects.toThrow(
    /the CA refused \(rateLimited\): too many; nothing to do: it is tried again when the CA allows it/,
  );
  const before = orders();
  await expect(stage.run(names)).rejects.toThrow(/is due \(.*\), but the CA asked to come back after /);

  expect(orders()).toBe(before);
  expect(stage.state(name)?.attempts.issued).toHaveLength(1);
});

it('burns no limit when what was issued cannot be kept', async () => {
  stage.api.faults.next('ssm:PutParameter', 'denied', 99, 'example.com/key');
  const before = orders();
  for (let run = 0; run < 6; run++) await expect(stage.run(names)).rejects.toThrow('example.com is due');

  expect(orders() - before).toBe(3);
  await expect(stage.run(names)).rejects.toThrow('it was issued 4 times within a week');
});

it('renews the others when one certificate’s answer cannot be shown, or a zone not be read', async () => {
  // The world asks the zone below, which the settings do not name.
  stage.route53.addZone('away.example.com');
  const zones = ['ZGONE', stage.zone.id];

  await expect(stage.run([...names, ['away.example.com']], { settings: { zones } })).rejects.toThrow(
    /^away.example.com is due \(none is stored\), but the name servers of hosted zone \w+ \(\S+, \S+\) do not show _acme-challenge.away/,
  );

  expect(stage.index()).toMatchObject([{ name, key: 2 }]);
  expect(text()).toStrictEqual([foreign]);
});

it('asks for no further proof when a slow CA used up the time, and cleans up', async () => {
  const proofs = () => stage.pebble.payloads.filter(({ path }) => path.includes('chalZ')).length;
  const before = proofs();
  const remainingMs = () => 300_000 - 100_000 * (proofs() - before);
  const many = ['a', 'b', 'c', 'd'].map((label) => `${label}.${name}`);

  await expect(stage.run([many], { clock: { remainingMs } })).rejects.toThrow(
    'a.example.com is due (none is stored), but the time of this run is over, it stops to clean up',
  );

  expect(proofs() - before).toBe(2);
  expect(text()).toStrictEqual([foreign]);
});

it('renews the others when what is remembered of one is damaged', async () => {
  const Name = `/sluice/dev/acme/state/${name}`;
  const before = stage.index();
  stage.store.put({ Name, Value: '{"held":{}}', Type: 'String', Overwrite: true });

  await expect(stage.run([...names, ['other.example.com']])).rejects.toThrow(
    new RegExp(`^${Name} is damaged \\(.*\\); put an older version back, or delete it to begin anew$`, 's'),
  );

  expect(stage.index()).toStrictEqual([...before, expect.objectContaining({ name: 'other.example.com' })]);
  expect(stage.store.read(Name)).toBe('{"held":{}}');
});

it('says that a CNAME is in the way, which holds up no other certificate', async () => {
  // Of a name that was never proven: Pebble takes one that was for proven still in about one order of a hundred.
  const cname = { Name: `_acme-challenge.www.${name}`, Type: 'CNAME', TTL: 60, Values: ['a.example.org.'] };
  stage.hooks.beforeChange = () => stage.route53.put(stage.zone.id, cname);

  await expect(stage.run([[`www.${name}`], [`b.${name}`]])).rejects.toThrow(
    /Changing the TXT records of .* in hosted zone \w+: InvalidChangeBatch: .*a conflicting RRSet of type CNAME/,
  );
  expect(stage.index().map((certificate) => certificate.name)).toContain(`b.${name}`);
});

it.each(['alreadyReplaced', 'conflict', 'malformed', 'unauthorized'])(
  'orders without a word of the old certificate where the CA refuses that: %s',
  async (type) => {
    const detail = 'requester account did not request the certificate being replaced by this order';
    stage.pebble.refuse('newOrder', { type, detail });

    expect(await stage.run(names)).toMatchObject({ certificates: [{ did: 'renewed' }] });

    const order = stage.pebble.payloads.filter(({ payload }) => 'identifiers' in payload).at(-1);
    expect(order?.payload).not.toHaveProperty('replaces');
  },
);

const notReady = { type: 'orderNotReady', detail: 'Order is not ready' };
const busy = { type: 'serverInternal', detail: 'busy', status: 500 };

it.each<[string, () => void]>([
  ['only the CA’s answer was lost', () => stage.pebble.lose('finalize')],
  ['the CA called the order not ready, though it was', () => stage.pebble.refuse('finalize', notReady, 3)],
  ['the CA failed each time, though it issued', () => stage.pebble.refuse('finalize', { ...busy, isDone: true }, 3)],
  [
    'the CA called it malformed, as it had issued already',
    () => stage.pebble.refuse('finalize', { type: 'malformed', detail: 'it was finalized', isDone: true }),
  ],
])('keeps what was issued when %s', async (_, hinder) => {
  hinder();
  const before = orders();

  expect(await stage.run(names)).toMatchObject({ certificates: [{ did: 'renewed' }] });

  expect(orders() - before).toBe(1);
  expect(stage.state(name)?.attempts).toMatchObject({ failures: 0, issued: [expect.any(Number), expect.any(Number)] });
});

it.each([
  ['before it was asked to issue', 'chalZ', busy, 1],
  ['when it failed and the order stayed as it was', 'finalize', busy, 1],
  ['when it called the order not ready for minutes', 'finalize', notReady, 1],
  ['when it refused to issue', 'finalize', { type: 'rejectedIdentifier', detail: 'busy' }, 1],
  ['when it took no nonce', 'finalize', { type: 'badNonce', detail: 'busy', status: 400 }, 1],
  ['when it went down, and may have issued', 'finalize', { ...busy, meanwhile: () => stage.pebble.down(true) }, 2],
  ['when it had issued', 'certZ', { type: 'unauthorized', detail: 'busy' }, 2],
])('counts an order that the CA broke off %s by what it may have issued', async (_, path, fault, issued) => {
  stage.pebble.refuse(path, fault, 200);

  await expect(stage.run(names)).rejects.toThrow(
    /busy|socket|ECONNRESET|the CA refused \(orderNotReady\): Order is not ready/,
  );

  expect(stage.state(name)?.attempts.issued).toHaveLength(issued);
});

it('finishes what a run could not that had stored, but not listed, without another order', async () => {
  stage.api.faults.next('ssm:PutParameter', 'denied', 9, 'certificates/index');
  await expect(stage.run(names)).rejects.toThrow('Writing /sluice/dev/certificates/index: AccessDenied');
  stage.api.faults.clear();
  const before = orders();

  expect(await stage.run(names)).toMatchObject({ certificates: [{ did: 'kept' }] });

  expect(orders()).toBe(before);
  expect(stage.index()).toMatchObject([{ key: 2, chain: 2 }]);
  expect(stage.queue.messages.length).toBe(2);
});

it('takes away what a run left that was ended in the middle, and only that', async () => {
  // From the moment the answers are in DNS nothing of AWS works any more for that run.
  stage.hooks.afterChange = () => stage.api.switch(false);
  await expect(stage.run(names)).rejects.toThrow();
  stage.hooks.afterChange = undefined;
  stage.api.switch(true);
  expect(text().flatMap(({ Values }) => Values)).toHaveLength(3);
  await expect(stage.run(names)).rejects.toThrow('another run has not ended for minutes');

  expect(stage.state(name)?.attempts).toMatchObject({ failures: 1, issued: [expect.any(Number), expect.any(Number)] });
  stage.expireLock();
  await expect(stage.run(names, { byHand: false })).rejects.toThrow('but it failed 1 times');
  expect(text()).toStrictEqual([foreign]);
  expect(await stage.run(names)).toMatchObject({ certificates: [{ did: 'renewed' }] });

  expect(text()).toStrictEqual([foreign]);
});

it('says what it could not take away, and the next run does', async () => {
  stage.hooks.afterChange = () => stage.api.faults.next('route53:ChangeResourceRecordSets', 'denied', 9);
  await expect(stage.run(names)).rejects.toThrow(
    /^Changing the TXT records of _acme-challenge.example.com in hosted zone \w+: AccessDenied: /,
  );
  expect(stage.index()).toMatchObject([{ key: 2 }]);
  expect(text().flatMap(({ Values }) => Values)).toHaveLength(3);
  stage.hooks.afterChange = undefined;
  stage.api.faults.clear();
  await stage.run(names);

  expect(text()).toStrictEqual([foreign]);
});

it('tells once of what is left in a zone that the settings no longer name', async () => {
  const Value = JSON.stringify([{ zone: 'ZGONE', name: '_acme-challenge.example.org', value: 'left' }]);
  stage.store.put({ Name: '/sluice/dev/acme/journal', Value, Type: 'String', Overwrite: true });

  await expect(stage.run(names)).rejects.toThrow(
    'Reading the TXT records of _acme-challenge.example.org in hosted zone ZGONE: NoSuchHostedZone',
  );

  expect(await stage.run(names)).toMatchObject({ certificates: [{ did: 'kept' }] });
});

it('orders once when two runs begin at once', async () => {
  const before = orders();

  const both = await Promise.all([stage.run(names, { leftMs: 900_000 }), stage.run(names, { leftMs: 900_000 })]);

  expect(both.map(({ certificates }) => certificates[0]?.did).sort()).toStrictEqual(['kept', 'renewed']);
  expect(orders() - before).toBe(1);
});

it('orders once when two runs find the lock of a third that ended without a word', async () => {
  stage.store.put({ Name: '/sluice/dev/acme/lock', Value: '{"owner":"dead","until":1}', Type: 'String' });
  const before = orders();

  await Promise.all([stage.run(names, { leftMs: 900_000 }), stage.run(names, { leftMs: 900_000 })]);

  expect(orders() - before).toBe(1);
});

describe('after a failure', () => {
  const fail = async () => {
    stage.pebble.refuse('newOrder', { type: 'malformed', detail: 'not so' }, 2);
    await expect(stage.run(names)).rejects.toThrow('not so');
  };

  it('the schedule waits, a deploy does not', async () => {
    await fail();

    await expect(stage.run(names, { byHand: false })).rejects.toThrow(
      /but it failed 1 times; the next try is after .*, or when you start the run: see docs\/certificates.md/,
    );
    expect(await stage.run(names)).toMatchObject({ certificates: [{ did: 'renewed' }] });
  });

  it('staging is tried first, and the CA itself is not asked where that fails', async () => {
    await fail();
    const settings = { rehearsal: stage.pebble.directory };
    const before = orders();

    stage.pebble.refuse('newOrder', { type: 'malformed', detail: 'still not' });
    await expect(stage.run(names, { settings })).rejects.toThrow(
      /tried at the staging directory first, as it failed before: .*still not/,
    );
    expect(orders()).toBe(before);

    await stage.run(names, { settings });
    expect(orders() - before).toBe(2);
    expect(stage.index()).toMatchObject([{ key: 2 }]);
  });

  it('the same run tries again where its time allows', async () => {
    let passedMs = 0;
    // A timer of Node.js goes off a millisecond too early now and then.
    const sleep = async (milliseconds: number) => {
      passedMs += milliseconds - 1;
    };
    const began = Date.now();
    const now = () => began + passedMs;
    const endsAt = began + 900_000;
    stage.pebble.refuse('newOrder', { type: 'malformed', detail: 'not so' }, 2);

    const outcome = await stage.run(names, { clock: { sleep, now, remainingMs: () => endsAt - now() } });

    expect(outcome).toMatchObject({ certificates: [{ did: 'renewed' }] });
    expect(passedMs).toBeGreaterThan(55_000);
    expect(passedMs).toBeLessThan(65_000);
  });
});

it('fails when a proxy serves another certificate, which is stored all the same', async () => {
  const pem = selfSigned('example.com');
  const server = createServer({ key: pem, cert: pem });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;

  const run = stage.run(names, { settings: { addresses: [address] }, leftMs: reserveMs + 6_000 });

  await expect(run).rejects.toThrow(
    new RegExp(`example.com is stored with serial \\w+, but ${address} serves \\w+ for example.com`),
  );
  expect(stage.index()).toMatchObject([{ key: 2 }]);
  server.close();
});

it('fails when a proxy serves a certificate without that of its issuer', async () => {
  const { key } = authority('proxy').issue([name]);
  const server = createServer({ key, cert: key });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;

  const run = stage.run(names, { settings: { addresses: [address] }, leftMs: reserveMs + 6_000 });

  await expect(run).rejects.toThrow(
    `${name} is stored, but ${address} serves ${name} without the certificate of CN=proxy-1, which issued it`,
  );
  server.close();
});
