import { denied, refuse } from '../../scripts/local/api/errors';
import { taskArn } from '../builders';
import { definitionArn, host, type Odd, stage, task } from './stage';

// Law 7: a task, host or service that cannot be read holds up no other. Law 3: it does not count as gone either.

/** AWS refuses each call of an action that names this, and the whole batch with it. */
const refuses = (action: string, about: string, code: string, message = 'no.', status?: number): Odd => ({
  [action]: (asked, answer) => (asked.includes(about) ? refuse(code, message, status) : answer()),
});
const denies = (action: string, about = ''): Odd => {
  const { code, message, status } = denied('Reconcile', action);
  return refuses(action, about, code, message, status);
};
/** ECS answers with the others of the list, and with a failure for this one. */
const fails = (action: string, list: string, arn: string, reason: string): Odd => ({
  [action]: (_, answer) => {
    const { [list]: found = [], failures = [] } = answer() as Record<string, object[]>;
    const others = found.filter((each) => !JSON.stringify(each).includes(arn));
    return { [list]: others, failures: others.length < found.length ? [...failures, { arn, reason }] : failures };
  },
});
/** ECS describes a task otherwise. */
const describes = (id: string, otherwise: object): Odd => ({
  'ecs:DescribeTasks': (_, answer) => {
    const { tasks, failures } = answer() as { tasks: { taskArn: string }[]; failures: object[] };
    return { tasks: tasks.map((each) => (each.taskArn === taskArn(id) ? { ...each, ...otherwise } : each)), failures };
  },
});

const stays = 'its published servers stay until a stop order, new ones wait';
const [shop2, definitions] = [definitionArn('shop', 2), 'ecs:DescribeTaskDefinition'];
const b = `task ${taskArn('b')} cannot be read: `;
const b2 = `demo/shop: task definition ${shop2} cannot be read: `;
const bHost = `demo/shop: container instance ${host('b')} cannot be read: `;
const isDenied = 'AWS refuses it: AccessDeniedException';
const [tasks, hosts, invalid] = [
  'ecs:DescribeTasks',
  'ecs:DescribeContainerInstances',
  'InvalidParameterException',
] as const;

const mesh: Odd[string] = (asked, answer) => {
  const { taskDefinition } = answer() as { taskDefinition: object };
  return { taskDefinition: { ...taskDefinition, ...(asked.includes(shop2) && { networkMode: 'mesh' }) } };
};

/** What ECS and EC2 answer about task b, and what the log says. */
const kinds: Record<string, readonly [odd: Odd, says: string]> = {
  'a task without a version': [describes('b', { version: undefined }), `demo/shop: ${b}version is missing`],
  'a task that ECS fails to describe': [fails(tasks, 'tasks', taskArn('b'), 'INTERNAL'), `${b}ECS answers INTERNAL`],
  'a task that ECS refuses, and its batch with it': [
    refuses(tasks, '"b"', invalid, 'taskId length'),
    `${b}AWS refuses it: InvalidParameterException: taskId length`,
  ],
  'a task that a policy denies': [denies(tasks, '"b"'), `${b}${isDenied}`],
  'a definition that is deleted': [
    refuses(definitions, shop2, 'ClientException', 'Unable to describe task definition.'),
    `${b2}AWS refuses it: ClientException: Unable to describe task definition`,
  ],
  'a definition that a policy denies': [denies(definitions, shop2), `${b2}${isDenied}`],
  'a definition in an unknown network mode': [
    { [definitions]: mesh },
    `${b2}networkMode is "mesh", which is not one of bridge, host, awsvpc, none, default, nat`,
  ],
  'a host that ECS fails to describe': [
    fails(hosts, 'containerInstances', host('b'), 'AGENT'),
    `${bHost}ECS answers AGENT`,
  ],
  'a host that ECS refuses, and its batch with it': [
    refuses(hosts, host('b'), invalid),
    `${bHost}AWS refuses it: InvalidParameterException: no`,
  ],
  'an instance that EC2 refuses, and its batch with it': [
    refuses('ec2:DescribeInstances', 'i-b', 'InvalidInstanceID.Malformed', 'Invalid id: "i-b"'),
    'demo/shop: instance i-b cannot be read: AWS refuses it: InvalidInstanceID.Malformed: Invalid id: "i-b"',
  ],
};
describe.each(Object.keys(kinds))('%s', (kind) => {
  const [odd, says] = kinds[kind] as (typeof kinds)[string];

  it('waits while it is new and holds up no other; once published it stays, though all memory is lost, until a stop order', async () => {
    const { world, run, servers, forget } = await stage();
    world.odd = odd;

    const first = await run();

    expect(first.action).toBe('publish');
    expect(first.faults.find((fault) => fault.includes(says))).toContain(`; ${stays}`);
    expect(await servers()).toStrictEqual(['cart/x', 'cart/y', 'shop/a']);

    world.odd = {};
    expect((await run()).faults).toStrictEqual([]);
    expect(await servers()).toStrictEqual(['cart/x', 'cart/y', 'shop/a', 'shop/b']);

    Object.assign(world, { odd, tasks: [...world.tasks, task('z', 'cart')] });
    forget();
    const { action, faults } = await run();

    expect(action).toBe('publish');
    expect(faults).toStrictEqual([expect.stringMatching(/^demo\/shop: /)]);
    expect(faults[0]).toContain(says);
    expect(await servers()).toStrictEqual(['cart/x', 'cart/y', 'cart/z', 'shop/a', 'shop/b']);

    world.tasks = world.tasks.map((task) => (task.id === 'b' ? { ...task, desiredStatus: 'STOPPED' } : task));
    // ECS does not even show a stop order of such a task.
    if (kind.startsWith('a task that')) world.odd = {};
    await run();
    expect(await servers()).toStrictEqual(['cart/x', 'cart/y', 'cart/z', 'shop/a']);
  });

  it('keeps the route and the servers of its service, when no other task of it can be read', async () => {
    const { world, run, servers, forget } = await stage();
    await run();
    const tasks = world.tasks.filter(({ id }) => id !== 'a');
    Object.assign(world, { odd, tasks, counts: { shop: 1, cart: 2 } });
    forget();

    expect((await run()).faults.join()).toContain(says);
    expect(await servers()).toStrictEqual(['cart/x', 'cart/y', 'shop/b']);
  });
});

const hiding = Object.keys(kinds).filter((kind) => kind.startsWith('a task'));
it.each(hiding)('%s leaves as soon as its service counts it no more', async (kind) => {
  const { world, run, servers } = await stage();
  await run();
  Object.assign(world, { odd: kinds[kind]?.[0], counts: { shop: 1, cart: 2 } });
  await run();
  expect(await servers()).toStrictEqual(['cart/x', 'cart/y', 'shop/a']);
});

it("a managed daemon's task has a definition that ECS does not describe, and no policy is to blame", async () => {
  const { world, run, servers } = await stage();
  const daemon = 'arn:aws:ecs:eu-west-2:123456789012:daemon-task-definition/agent:1';
  world.odd = {
    ...describes('d', { taskDefinitionArn: daemon, group: 'daemon:agent' }),
    ...denies(definitions, daemon),
  };
  world.tasks = [...world.tasks, task('d', 'agent')];

  expect((await run()).faults).toStrictEqual([
    expect.stringMatching(/^demo\/\.agent: task definition \S+ cannot be read: AWS refuses it: AccessDenied/),
  ]);
  expect(await servers()).toStrictEqual(['cart/x', 'cart/y', 'shop/a', 'shop/b']);

  Object.assign(world, { tasks: world.tasks.filter(({ id }) => id === 'd'), counts: { shop: 0, cart: 0 } });
  await run();
  expect(await servers()).toStrictEqual([]);
});

describe('a service whose tasks ECS would not count', () => {
  it.each<[string, Odd]>([
    ['ECS answers INTERNAL', fails('ecs:DescribeServices', 'services', 'shop', 'INTERNAL')],
    ['AWS refuses it: InvalidParameterException: no', refuses('ecs:DescribeServices', 'shop', invalid)],
    [isDenied, denies('ecs:DescribeServices', 'shop')],
  ])('keeps its servers, is named, and holds up no other: %s', async (says, odd) => {
    const { world, run, servers } = await stage();
    await run();
    Object.assign(world, { odd, tasks: [], counts: { shop: 0, cart: 0 } });

    const { faults } = await run();

    expect(faults).toHaveLength(2);
    expect(faults[0]).toContain(`demo/shop: whether its tasks run cannot be seen: ${says}`);
    expect(faults[1]).toContain(`demo/shop: its running tasks cannot be counted: ${says}`);
    expect(faults[1]).toMatch(/; its servers that ECS does not describe stay until ECS counts them$/);
    expect(await servers()).toStrictEqual(['shop/a', 'shop/b']);

    world.odd = {};
    await run();
    expect(await servers()).toStrictEqual([]);
  });
});

describe('what concerns every task is an error of the run', () => {
  it.each([tasks, definitions, hosts, 'ec2:DescribeInstances'])('%s is denied for everything', async (action) => {
    const { world, run, servers } = await stage();
    world.odd = denies(action);
    await expect(run()).rejects.toThrow(/is not authorized to perform: .*; the function lacks a permission/);
    expect(await servers()).toStrictEqual(['cart/x', 'shop/a']);
  });

  it('a definition is denied, and one that was read before is denied now too', async () => {
    const { world, run } = await stage();
    await run();
    world.odd = denies(definitions);
    world.tasks = [...world.tasks, task('c', 'shop', 3)];
    await expect(run()).rejects.toThrow('the function lacks a permission');
  });

  const ofAll = { ExpiredTokenException: 400, ServiceUnavailableException: 503 };
  it.each(Object.entries(ofAll))('%s about one definition', async (code, status) => {
    const { world, run } = await stage();
    world.odd = refuses(definitions, shop2, code, 'no.', status);
    await expect(run()).rejects.toThrow(`Reading task definition ${shop2}: ${code}: no; nothing`);
  });
});
