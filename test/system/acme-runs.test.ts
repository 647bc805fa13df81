import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';

import { reserveMs } from '../../lib/certificates/run';
import { dueStageForEach, foreign, name, stage } from './acme-stage';
import { authority } from './authority';
import { selfSigned } from './self-signed';

const names = [[name, `*.${name}`]];
const renewed = { certificates: [{ did: 'renewed' }] };

dueStageForEach();

const values = () => stage.txt().flatMap(({ Values }) => Values);
const orders = () => stage.orders().length;

it('deletes the records of a run that ended in the middle, and only those', async () => {
  // From the moment the answers are in DNS nothing of AWS works any more for that run.
  stage.hooks.afterChange = () => stage.api.switch(false);
  await expect(stage.run(names)).rejects.toThrow();
  stage.hooks.afterChange = undefined;
  stage.api.switch(true);
  expect(values()).toHaveLength(3);
  await expect(stage.run(names)).rejects.toThrow('another run has not ended for minutes');

  const issued = [expect.any(Number), expect.any(Number)];
  expect(stage.state(name)?.attempts).toMatchObject({ failures: 1, issued });
  stage.expireLock();
  await expect(stage.run(names, { byHand: false })).rejects.toThrow('but it failed 1 times');
  expect(stage.txt()).toStrictEqual([foreign]);
  expect(await stage.run(names)).toMatchObject(renewed);

  expect(stage.txt()).toStrictEqual([foreign]);
});

it('names the records that it could not delete, and the next run deletes them', async () => {
  stage.hooks.afterChange = () => stage.api.faults.next('route53:ChangeResourceRecordSets', 'denied', 9);
  await expect(stage.run(names)).rejects.toThrow(
    /^Changing the TXT records of _acme-challenge.example.com in hosted zone \w+: AccessDenied: /,
  );
  expect(stage.index()).toMatchObject([{ key: 2 }]);
  expect(values()).toHaveLength(3);
  stage.hooks.afterChange = undefined;
  stage.api.faults.clear();
  await stage.run(names);

  expect(stage.txt()).toStrictEqual([foreign]);
});

it('names once the records that are left in a zone outside the settings', async () => {
  const left = { zone: 'ZGONE', name: '_acme-challenge.example.org', value: 'left' };
  stage.put('acme/journal', JSON.stringify([left]));

  await expect(stage.run(names)).rejects.toThrow(
    'Reading the TXT records of _acme-challenge.example.org in hosted zone ZGONE: NoSuchHostedZone',
  );

  expect(await stage.run(names)).toMatchObject({ certificates: [{ did: 'kept' }] });
});

const both = () => Promise.all([stage.run(names, { leftMs: 900_000 }), stage.run(names, { leftMs: 900_000 })]);

it('orders once when two runs begin at once', async () => {
  const before = orders();

  const outcomes = await both();

  expect(outcomes.map(({ certificates }) => certificates[0]?.did).sort()).toStrictEqual(['kept', 'renewed']);
  expect(orders() - before).toBe(1);
});

it('orders once when two runs find the lock of a run that was killed', async () => {
  stage.put('acme/lock', '{"owner":"dead","until":1}');
  const before = orders();

  await both();

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
    expect(await stage.run(names)).toMatchObject(renewed);
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
    const slept: number[] = [];
    // A timer of Node.js goes off a millisecond too early now and then.
    const sleep = async (milliseconds: number) => void slept.push(milliseconds - 1);
    const began = Date.now();
    const now = () => slept.reduce((time, milliseconds) => time + milliseconds, began);
    stage.pebble.refuse('newOrder', { type: 'malformed', detail: 'not so' }, 2);

    const clock = { sleep, now, remainingMs: () => began + 900_000 - now() };
    expect(await stage.run(names, { clock })).toMatchObject(renewed);

    expect(Math.max(...slept)).toBeGreaterThan(55_000);
    expect(Math.max(...slept)).toBeLessThan(65_000);
  });

  it('the same run reports the failure where its wait is over, but no time is left for another try', async () => {
    const began = Date.now();
    const now = () => began + (stage.state(name)?.attempts.failures === 1 ? 779_000 : 0);
    stage.pebble.refuse('newOrder', { type: 'malformed', detail: 'not so' }, 2);

    const clock = { now, remainingMs: () => began + 900_000 - now() };
    await expect(stage.run(names, { clock })).rejects.toThrow('not so');
  });
});

const served = async (key: string, cert: string) => {
  const server = createServer({ key, cert });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  // When reconcile has heard of it, the time to look at the proxies is over.
  const remainingMs = () => (stage.queue.messages.length > 1 ? reserveMs : 300_000);
  const run = stage.run(names, { settings: { addresses: [address] }, clock: { remainingMs } });
  const { message } = await run.then(
    () => new Error('it did not fail'),
    (error: Error) => error,
  );
  server.close();
  return message.replaceAll(address, 'ADDRESS');
};

it('fails when a proxy serves another certificate, which is stored all the same', async () => {
  const pem = selfSigned(name);

  expect(await served(pem, pem)).toMatch(
    /^example.com is stored with serial \w+, but ADDRESS serves \w+ for example.com$/,
  );
  expect(stage.index()).toMatchObject([{ key: 2 }]);
});

it('fails when a proxy serves a certificate without that of its issuer', async () => {
  const { key } = authority('proxy').issue([name]);

  expect(await served(key, key)).toBe(
    `${name} is stored, but ADDRESS serves ${name} without the certificate of CN=proxy-1, which issued it`,
  );
});
