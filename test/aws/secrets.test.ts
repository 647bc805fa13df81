import { namedSecrets } from '../../lib/edge/secrets';
import type { Fault } from '../../scripts/local/api/errors';
import { definition, task } from '../builders';
import { always, impatient, prefix } from './played';
import { stage } from './stage';

const name = `${prefix}/auth/demo.shop/staff`;
const command = `aws ssm put-parameter --type SecureString --name ${name} --value file://users.txt`;
const shop = 'demo/shop, revision 2: container "web": haproxy.auth "staff" cannot be used: ';

/** Services shop and cart are published without a secret; then shop's revision 2 names one, in all other respects as in `stage`. */
async function withSecret() {
  const { world, store, ...rest } = await stage(impatient());
  type Described = { taskDefinition: { revision: number; containerDefinitions: { dockerLabels: object }[] } };
  const labelled = (asked: string, answer: () => object) => {
    const found = answer() as Described;
    const [container] = found.taskDefinition.containerDefinitions;
    if (/shop:2/.test(asked)) Object.assign(container?.dockerLabels ?? {}, { 'haproxy.auth': 'staff' });
    return found;
  };
  world.odd = { 'ecs:DescribeTaskDefinition': labelled };
  const keep = (Value: string, Type = 'SecureString') => store.put({ Name: name, Value, Type, Overwrite: true });
  const lists = () => store.read(`${prefix}/haproxy/files/05-users.cfg`)?.match(/^userlist .*$/gm);
  return { ...rest, store, keep, lists };
}

it('is published by its newest version, and not decrypted', async () => {
  const { api, run, keep, lists } = await withSecret();
  keep('one');
  expect((await run()).faults).toStrictEqual([]);
  expect(lists()).toStrictEqual([expect.stringMatching(/^userlist demo\.shop\.staff\.1\.\d{10}$/)]);

  keep('two');
  expect(await run()).toMatchObject({ action: 'publish', reason: expect.stringContaining('changed: 05-users.cfg') });
  expect(lists()).toStrictEqual([expect.stringMatching(/^userlist demo\.shop\.staff\.2\.\d{10}$/)]);
  expect((await run()).action).toBe('keep');
  const asked = api.calls.filter(({ input }) => JSON.stringify(input).includes('/auth/'));
  expect(asked.map(({ action, input }) => [action, input])).toStrictEqual(
    asked.map(() => ['ssm:GetParameters', { Names: [name] }]),
  );
});

it('that does not exist, or is not encrypted, is a fault of its service, which names it', async () => {
  const { run, keep, lists, servers } = await withSecret();
  expect((await run()).faults).toStrictEqual([`${shop}${name} does not exist; store it: ${command}`]);

  keep('one', 'String');
  expect((await run()).faults).toStrictEqual([
    `${shop}${name} is not encrypted; delete it, and store it again: ${command}`,
  ]);
  expect(lists()).toBeUndefined();
  expect(await servers()).toStrictEqual(['cart/x', 'cart/y', 'shop/a', 'shop/b']);
});

it('that was deleted keeps its published version', async () => {
  const { run, keep, store, lists } = await withSecret();
  keep('one');
  await run();
  const before = lists();
  store.forget(name);

  expect(await run()).toMatchObject({ action: 'keep', faults: [expect.stringContaining('does not exist')] });
  expect(lists()).toStrictEqual(before);
});

it('that may not be read is a fault of its service, and the others are published', async () => {
  const { api, run, keep, servers } = await withSecret();
  keep('one');
  api.faults.next('ssm:GetParameters', 'denied', always, '/auth/');

  expect((await run()).faults).toStrictEqual([expect.stringContaining(`${shop}Reading ${name}: AccessDenied`)]);
  expect(await servers()).toStrictEqual(['cart/x', 'cart/y', 'shop/a', 'shop/b']);
});

it.each<[string, Fault]>([
  ['throttled', 'throttled'],
  ['answered without it', { body: '{}' }],
  ['answered without its type', { body: JSON.stringify({ Parameters: [{ Name: name, Value: 'x', Version: 1 }] }) }],
])('fails the run when it is %s for long, and the next run is right', async (_, fault) => {
  const { api, run, keep, lists } = await withSecret();
  keep('one');
  api.faults.next('ssm:GetParameters', fault, always, '/auth/');
  await expect(run()).rejects.toThrow(/Throttling|AWS answered without/);

  api.faults.clear();
  await run(2);
  expect(lists()).toHaveLength(1);
});

it('is read only for labels that may name one, and for no more than a service may have', () => {
  const many = Array.from({ length: 1_000 }, (_, n) => [`haproxy.r${n}.auth`, `s${n}`]);
  const labels = { 'haproxy.auth': ' staff ', 'haproxy.a.auth': 'staff', 'haproxy.b.auth': '../x', 'x.auth': 'no' };
  const of = (given: object) => namedSecrets([task('a'), task('b')], new Map([['shop:1', definition({ ...given })]]));

  expect(of(labels)).toStrictEqual(['demo.shop/staff']);
  expect(of(Object.fromEntries(many))).toHaveLength(50);
});
