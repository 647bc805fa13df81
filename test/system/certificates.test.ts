import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { handshake } from '../../lib/handshake';
import { startWorld, type World } from '../../scripts/local/world';

jest.setTimeout(120_000);

const name = 'sluice.test';
const prefix = '/sluice/dev';

let world: World;
const moments: string[] = [];
beforeAll(async () => {
  world = await startWorld({ certificates: true, delays: { commandMs: 100, eventMs: 20 } });
  world.onMoment(({ text }) => moments.push(text));
}, 60_000);
afterAll(() => world?.stop());

const served = () => handshake({ ...world.proxy.https, servername: name, timeoutMs: 2_000 });
const parameter = <Shape>(path: string): Shape => JSON.parse(world.aws.parameters.read(`${prefix}/${path}`) ?? 'null');
const write = (path: string, value: object) =>
  world.aws.parameters.put({
    Name: `${prefix}/${path}`,
    Value: JSON.stringify(value),
    Type: 'String',
    Overwrite: true,
  });
/** One day of ninety is left of the certificate. */
function age(): void {
  const state = parameter<{ held: object }>(`acme/state/${name}`);
  const [notBefore, notAfter] = [Date.now() - 89 * 86_400_000, Date.now() + 86_400_000];
  write(`acme/state/${name}`, { ...state, asked: undefined, held: { ...state.held, notBefore, notAfter } });
}
async function run(number: number) {
  while (world.aws.runs.length < number) await pause(50);
  return world.aws.runs[number - 1];
}
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await pause(20);
}
const text = () => {
  const zone = world.aws.stack.functions.flatMap(
    ({ Environment }) => Environment?.Variables.SLUICE_HOSTED_ZONE_ID ?? [],
  );
  return world.aws.issuance.route53.records(zone[0] ?? '').filter(({ Type }) => Type === 'TXT');
};

it('a deploy is followed by a certificate that every proxy serves, with no further command', async () => {
  expect((await served()).names).not.toContain(name);

  world.aws.deployed('CREATE_COMPLETE');

  expect((await run(1))?.result).toStrictEqual({
    certificates: [{ name, did: 'renewed', why: 'none is stored' }],
    served: 1,
  });
  expect((await served()).names).toStrictEqual([name, `*.${name}`]);
  expect(world.denied()).toStrictEqual([]);
});

it('the schedule renews it when it is due, and waits until the new one is served, without a reload', async () => {
  const [before, pid, reloads] = [await served(), await world.proxy.pid(), await world.proxy.reloads()];
  age();

  world.aws.rareTick();

  expect((await run(2))?.result).toMatchObject({ certificates: [{ did: 'renewed' }], served: 1 });
  expect((await served()).serial).not.toBe(before.serial);
  expect([await world.proxy.pid(), await world.proxy.reloads()]).toStrictEqual([pid, reloads]);
});

it('other stacks’ deploys, and those that failed, wake nobody', async () => {
  const [rule] = world.aws.stack.rules.filter(({ EventPattern }) =>
    JSON.stringify(EventPattern).includes('cloudformation'),
  );

  expect(JSON.stringify(rule?.EventPattern)).toContain('stack/sluice-local/');
  world.aws.deployed('UPDATE_ROLLBACK_COMPLETE');
  await pause(500);
  expect(world.aws.runs).toHaveLength(2);
});

it('a function that is killed in the middle leaves what the next run takes away', async () => {
  age();
  world.aws.issuance.route53.stick(true);
  world.aws.rareTick();
  await until(() => text().length > 0);
  world.aws.functions.find((each) => each.name.endsWith('-renew'))?.wipe();
  expect((await run(3))?.outcome).toBe('failed');
  expect(text().flatMap(({ Values }) => Values)).toHaveLength(2);

  world.aws.issuance.route53.stick(false);
  write('acme/lock', { ...parameter<object>('acme/lock'), until: 1 });
  world.aws.deployed();

  expect((await run(4))?.result).toMatchObject({ certificates: [{ did: 'renewed' }], served: 1 });
  expect(text()).toStrictEqual([]);
});

it('fails as a function does when the CA is down, so that the alarm on its errors fires', async () => {
  const before = await served();
  age();
  world.aws.issuance.pebble?.down(true);

  const failed = await world.aws.invoke('renew', {});

  expect(failed).toMatchObject({
    outcome: 'failed',
    error: expect.stringMatching(/sluice.test is due \(1 of its 90 days/),
  });
  expect((await served()).serial).toBe(before.serial);
  expect(text()).toStrictEqual([]);
  expect(parameter('certificates/index')).toMatchObject([{ serial: before.serial }]);
});

it('no key is in any call but the one that stores it, nor in a log, an event, a command, an error or the template', () => {
  const { api, invocations, runs, commands, stack, issuance } = world.aws;
  const secrets = [`certificates/${name}/key`, 'acme/account'].map((path) => `${prefix}/${path}`);
  const keys = secrets.flatMap((path) =>
    [1, 2, 3].flatMap((version) => keysIn(world.aws.parameters.read(`${path}:${version}`) ?? '')),
  );
  const storing = ({ action, input }: { action: string; input: unknown }) =>
    action === 'ssm:PutParameter' && secrets.includes((input as { Name: string }).Name);
  const public_ = api.calls
    .flatMap(({ input }) => (input as { Name?: string }).Name ?? [])
    .filter((path) => !secrets.includes(path));
  const searched = {
    calls: api.calls.filter((call) => !storing(call)),
    runs: [...invocations, ...runs],
    commands: commands.commands,
    template: readFileSync(join(stack.folder, 'cloudformation-template-update-stack.json'), 'utf8'),
    parameters: [...new Set(public_)].map((path) => world.aws.parameters.read(path) ?? ''),
    moments,
    sentToTheCa: issuance.pebble?.payloads,
  };

  expect(keys.length).toBeGreaterThanOrEqual(4);
  for (const [place, found] of Object.entries(searched)) {
    const all = JSON.stringify(found);
    expect([place, all.length > 100, all.includes('PRIVATE KEY')]).toStrictEqual([place, true, false]);
    for (const key of keys) expect([place, all.includes(key)]).toStrictEqual([place, false]);
  }
});

/** A line in the middle of each private key: enough to know it by, however it is escaped. */
const keysIn = (pem: string): readonly string[] =>
  Array.from(pem.matchAll(/BEGIN (?:\w+ )?PRIVATE KEY-----(?:\\n|\n)([A-Za-z0-9+/=]{40,})/g), ([, line = '']) =>
    line.slice(20),
  );
