import { taskArn } from '../builders';
import { definitionArn, deny, host, type Odd, refuse, stage, task } from './stage';

// Law 7: a task, host or service that cannot be read holds up no other. Law 3: it does not count as gone either.

const stays = 'its published servers stay until a stop order, new ones wait';
const b = `task ${taskArn('b')} cannot be read: `;
const b2 = `demo/shop: task definition ${definitionArn('shop', 2)} cannot be read: `;
const denied = 'AWS refuses it: AccessDeniedException';
const denyDefinition = () => deny('ecs:DescribeTaskDefinition');
const refusing = (refuseIt: () => unknown): Odd => ({
  refuseServices: (all) => void (all.includes('shop') && refuseIt()),
});
const bHost = `demo/shop: container instance ${host('b')} cannot be read: `;
const oddDefinition = (how: (definition: object) => unknown): Odd => ({
  definition: (arn, definition) => (arn === definitionArn('shop', 2) ? how(definition) : undefined),
});

/** What ECS and EC2 say of task b. `hidesStop`: not even whether it was told to stop. */
const kinds: Record<string, { odd: Odd; says: string; hidesStop?: true }> = {
  'a task without a version': {
    odd: { task: (task) => (task.taskArn === taskArn('b') ? { ...task, version: undefined } : task) },
    says: `demo/shop: ${b}version is missing`,
  },
  'a task that ECS fails to describe': {
    hidesStop: true,
    odd: { failure: (id) => (id === 'b' ? 'INTERNAL' : undefined) },
    says: `${b}ECS answers INTERNAL`,
  },
  'a task that ECS refuses, and its batch with it': {
    hidesStop: true,
    odd: { refuseTasks: (ids) => void (ids.includes('b') && refuse('InvalidParameterException', 'taskId length')) },
    says: `${b}AWS refuses it: InvalidParameterException: taskId length`,
  },
  'a task that a policy denies': {
    hidesStop: true,
    odd: { refuseTasks: (ids) => void (ids.includes('b') && deny('ecs:DescribeTasks')) },
    says: `${b}AWS refuses it: AccessDeniedException`,
  },
  'a definition that is deleted': {
    odd: oddDefinition(() => refuse('ClientException', 'Unable to describe task definition.')),
    says: `${b2}AWS refuses it: ClientException: Unable to describe task definition`,
  },
  'a definition that a policy denies': { odd: oddDefinition(denyDefinition), says: `${b2}${denied}` },
  'a definition in an unknown network mode': {
    odd: oddDefinition((definition) => ({ ...definition, networkMode: 'mesh' })),
    says: `${b2}networkMode is "mesh", which is not one of bridge, host, awsvpc, none, default, nat`,
  },
  'a host that ECS fails to describe': { odd: { hostFailure: 'AGENT' }, says: `${bHost}ECS answers AGENT` },
  'a host that ECS refuses, and its batch with it': {
    odd: { refuseHosts: (arns) => void (arns.includes(host('b')) && refuse('InvalidParameterException')) },
    says: `${bHost}AWS refuses it: InvalidParameterException: no`,
  },
  'an instance that EC2 refuses, and its batch with it': {
    odd: { address: (ids) => void (ids.includes('i-b') && refuse('InvalidInstanceID.Malformed', 'Invalid id: "i-b"')) },
    says: 'demo/shop: instance i-b cannot be read: AWS refuses it: InvalidInstanceID.Malformed: Invalid id: "i-b"',
  },
};

describe.each(Object.keys(kinds))('%s', (kind) => {
  const { odd, says, hidesStop } = kinds[kind] as (typeof kinds)[string];

  it('waits while it is new and holds up no other; once published it stays, though all memory is lost, until it is told to stop', async () => {
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
    if (hidesStop) world.odd = {};
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
  Object.assign(world, { odd: kinds[kind]?.odd, counts: { shop: 1, cart: 2 } });
  await run();
  expect(await servers()).toStrictEqual(['cart/x', 'cart/y', 'shop/a']);
});

it("a managed daemon's task has a definition that ECS does not describe, and no policy is to blame", async () => {
  const { world, run, servers } = await stage();
  const daemon = 'arn:aws:ecs:eu-west-2:123456789012:daemon-task-definition/agent:1';
  world.odd = {
    task: (task) =>
      task.taskArn === taskArn('d') ? { ...task, taskDefinitionArn: daemon, group: 'daemon:agent' } : task,
    definition: (arn) => (arn === daemon ? deny('ecs:DescribeTaskDefinition') : undefined),
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
    ['ECS answers INTERNAL', { service: (name) => (name === 'shop' ? 'INTERNAL' : undefined) }],
    ['AWS refuses it: InvalidParameterException: no', refusing(() => refuse('InvalidParameterException'))],
    [denied, refusing(() => deny('ecs:DescribeServices'))],
  ])('keeps its servers, is named, and holds up no other: %s', async (says, odd) => {
    const { world, run, servers } = await stage();
    await run();
    Object.assign(world, { odd, tasks: [], counts: { shop: 0, cart: 0 } });

    const { faults } = await run();

    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(`demo/shop: its running tasks cannot be counted: ${says}`);
    expect(faults[0]).toMatch(/; its servers that ECS does not describe stay until ECS counts them$/);
    expect(await servers()).toStrictEqual(['shop/a', 'shop/b']);

    world.odd = {};
    await run();
    expect(await servers()).toStrictEqual([]);
  });
});

describe('what concerns all is an error of the run, as before', () => {
  const allDenied: Record<string, Odd> = {
    'ecs:DescribeTasks': { refuseTasks: () => deny('ecs:DescribeTasks') },
    'ecs:DescribeTaskDefinition': { definition: () => deny('ecs:DescribeTaskDefinition') },
    'ecs:DescribeContainerInstances': { refuseHosts: () => deny('ecs:DescribeContainerInstances') },
    'ec2:DescribeInstances': { address: () => deny('ec2:DescribeInstances') },
  };
  it.each(Object.keys(allDenied))('%s is denied for everything', async (action) => {
    const { world, run, servers } = await stage();
    world.odd = allDenied[action] ?? {};
    await expect(run()).rejects.toThrow(/is not authorized to perform: .*; the function lacks a permission/);
    expect(await servers()).toStrictEqual(['cart/x', 'shop/a']);
  });

  it('a definition is denied, and one that was read before is denied now too', async () => {
    const { world, run } = await stage();
    await run();
    world.odd = { definition: () => deny('ecs:DescribeTaskDefinition') };
    world.tasks = [...world.tasks, task('c', 'shop', 3)];
    await expect(run()).rejects.toThrow('the function lacks a permission');
  });

  const ofAll = { ExpiredTokenException: 400, ServiceUnavailableException: 503 };
  it.each(Object.entries(ofAll))('%s about one definition', async (code, status) => {
    const { world, run } = await stage();
    world.odd = oddDefinition(() => refuse(code, 'no.', status));
    await expect(run()).rejects.toThrow(`Reading task definition ${definitionArn('shop', 2)}: ${code}: no; nothing`);
  });
});
