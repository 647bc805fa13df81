import { dueStageForEach, foreign, name, stage } from './acme-stage';

const names = [[name, `*.${name}`]];
const renewed = { certificates: [{ did: 'renewed' }] };

dueStageForEach();

it('renews the others when one certificate’s challenge cannot be answered, or a zone cannot be read', async () => {
  // The world asks the zone below, which the settings do not name.
  stage.route53.addZone('away.example.com');
  const zones = ['ZGONE', stage.zone.id];

  await expect(stage.run([...names, ['away.example.com']], { settings: { zones } })).rejects.toThrow(
    /^away.example.com is due \(no certificate is stored\), but the name servers of hosted zone \w+ \(\S+, \S+\) do not show _acme-challenge.away/,
  );

  expect(stage.index()).toMatchObject([{ name, key: 2 }]);
  expect(stage.txt()).toStrictEqual([foreign]);
});

it('renews the others when the state of one is damaged', async () => {
  const before = stage.index();
  stage.put(`acme/state/${name}`, '{"held":{}}');

  await expect(stage.run([...names, ['other.example.com']])).rejects.toThrow(
    /^\/sluice\/dev\/acme\/state\/example.com is damaged \(.*\); put an older version back, or delete it to start again$/s,
  );

  expect(stage.index()).toStrictEqual([...before, expect.objectContaining({ name: 'other.example.com' })]);
  expect(stage.store.read(`/sluice/dev/acme/state/${name}`)).toBe('{"held":{}}');
});

it('names a CNAME that prevents a challenge, and renews the others', async () => {
  // Of a name that was never proven: Pebble takes one that was for proven still in about one order of a hundred.
  const cname = { Name: `_acme-challenge.www.${name}`, Type: 'CNAME', TTL: 60, Values: ['a.example.org.'] };
  stage.hooks.beforeChange = () => stage.route53.put(stage.zone.id, cname);

  await expect(stage.run([[`www.${name}`], [`b.${name}`]])).rejects.toThrow(
    /Changing the TXT records of .* in hosted zone \w+: InvalidChangeBatch: .*a conflicting RRSet of type CNAME/,
  );
  expect(stage.index().map((certificate) => certificate.name)).toContain(`b.${name}`);
});

const notReady = { type: 'orderNotReady', detail: 'Order is not ready' };
const busy = { type: 'serverInternal', detail: 'busy', status: 500 };
const issuedTwice = { failures: 0, issued: [expect.any(Number), expect.any(Number)] };

it.each(['alreadyReplaced', 'conflict', 'malformed', 'unauthorized'])(
  'orders without naming the old certificate where the CA refuses that: %s',
  async (type) => {
    stage.pebble.refuse('newOrder', { type, detail: 'another account ordered the certificate being replaced' });

    expect(await stage.run(names)).toMatchObject(renewed);

    expect(stage.orders().at(-1)).not.toHaveProperty('replaces');
  },
);

it.each<[string, () => void]>([
  ['only the CA’s answer was lost', () => stage.pebble.lose('finalize')],
  ['the CA called the order not ready, though it was', () => stage.pebble.refuse('finalize', notReady, 3)],
  ['the CA failed each time, though it issued', () => stage.pebble.refuse('finalize', { ...busy, isDone: true }, 3)],
])('keeps an issued certificate when %s', async (_, hinder) => {
  hinder();
  const before = stage.orders().length;

  expect(await stage.run(names)).toMatchObject(renewed);

  expect(stage.orders().length - before).toBe(1);
  expect(stage.state(name)?.attempts).toMatchObject(issuedTwice);
});

it.each([
  ['before it was asked to issue', 'chalZ', busy, 1],
  ['when it took no nonce', 'finalize', { type: 'badNonce', detail: 'busy', status: 400 }, 1],
  ['when it went down, and may have issued', 'finalize', { ...busy, meanwhile: () => stage.pebble.down(true) }, 2],
  ['when it had issued', 'certZ', { type: 'unauthorized', detail: 'busy' }, 2],
])(
  'counts an order that the CA broke off %s as issued only if a certificate may exist',
  async (_, path, fault, issued) => {
    stage.pebble.refuse(path, fault, 200);

    await expect(stage.run(names)).rejects.toThrow(
      /busy|socket|ECONNRESET|the CA refused \(orderNotReady\): Order is not ready/,
    );

    expect(stage.state(name)?.attempts.issued).toHaveLength(issued);
  },
);

it('uses up no limit of the CA when an issued certificate cannot be stored', async () => {
  stage.api.faults.next('ssm:PutParameter', 'denied', 99, 'example.com/key');
  const before = stage.orders().length;
  for (let run = 0; run < 3; run++) await expect(stage.run(names)).rejects.toThrow('example.com is due');

  await expect(stage.run(names)).rejects.toThrow('it was issued 4 times within a week');
  expect(stage.orders().length - before).toBe(3);
});

it('lists a certificate that an earlier run stored but did not list, without another order', async () => {
  stage.api.faults.next('ssm:PutParameter', 'denied', 9, 'certificates/index');
  await expect(stage.run(names)).rejects.toThrow('Writing /sluice/dev/certificates/index: AccessDenied');
  stage.api.faults.clear();
  const before = stage.orders().length;

  expect(await stage.run(names)).toMatchObject({ certificates: [{ did: 'kept' }] });

  expect(stage.orders()).toHaveLength(before);
  expect(stage.index()).toMatchObject([{ key: 2, chain: 2 }]);
  expect(stage.queue.messages).toHaveLength(2);
});
