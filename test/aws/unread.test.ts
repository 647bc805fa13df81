import { taskArn } from '../builders';
import {
  container,
  definitionArn,
  deny,
  host,
  type Odd,
  odd,
  oddDefinition,
  refuse,
  refusedDefinition,
  stage,
  task,
} from './odd-answers';

// Law 7: what cannot be read of one task, host or service holds up nobody else. Law 3: it is not gone either.

const stays = 'what is published of it stays until it is told to stop, what is not waits';
const b = `demo/shop: task ${taskArn('b')} cannot be read: `;
const b2 = `demo/shop: task definition ${definitionArn('shop', 2)} cannot be read: `;
const bHost = `demo/shop: container instance ${host('b')} cannot be read: `;

/** What ECS and EC2 say of task b. `saysNothing`: not even whether it was told to stop. */
const kinds: Record<string, { odd: Odd; says: string; saysNothing?: true }> = {
  'a task without a version': { odd: odd('b', { version: undefined }), says: `${b}version is missing` },
  'a task whose version is a text': {
    odd: odd('b', { version: '7\u009b' }),
    says: `${b}version is "7\\u{9b}", which is not a number`,
  },
  'a task without a definition': {
    odd: odd('b', { taskDefinitionArn: undefined }),
    says: `${b}taskDefinitionArn is missing`,
  },
  'a task with a container without a name': {
    odd: odd('b', { containers: [{ lastStatus: 'RUNNING' }] }),
    says: `${b}containers[0].name is missing`,
  },
  'a task whose containers are no list': {
    odd: odd('b', { containers: 'none' }),
    says: `${b}containers is "none", which is not a list`,
  },
  'a task of an odd service': {
    odd: odd('b', { group: 'service:a b' }),
    says: `task ${taskArn('b')} cannot be read: group is "service:a b", which is not the group of a service`,
  },
  'a task made at no time': {
    saysNothing: true,
    odd: odd('b', { createdAt: 'yesterday' }),
    says: `task ${taskArn('b')} cannot be read: a time in it, such as createdAt, is none`,
  },
  'a task with an odd ARN': {
    odd: odd('b', { taskArn: 'arn:aws:ecs:eu-west-2:123456789012:task/b' }),
    says: 'demo/shop: task arn:aws:ecs:eu-west-2:123456789012:task/b cannot be read: taskArn is "arn:aws:ecs:eu-west-2:123456789012:task/b", which is not the ARN of a task',
  },
  'a task without an ARN': {
    saysNothing: true,
    odd: odd('b', { taskArn: undefined }),
    says: 'demo/shop: task without an ARN in cluster demo cannot be read: taskArn is missing',
  },
  'a task that ECS fails to describe': {
    saysNothing: true,
    odd: { failure: (id) => (id === 'b' ? 'INTERNAL' : undefined) },
    says: `task ${taskArn('b')} cannot be read: ECS answers INTERNAL`,
  },
  'a task that ECS refuses, and its batch with it': {
    saysNothing: true,
    odd: { refuseTasks: (ids) => void (ids.includes('b') && refuse('InvalidParameterException', 'taskId length')) },
    says: `task ${taskArn('b')} cannot be read: AWS refuses it: InvalidParameterException: taskId length`,
  },
  'a task that a policy denies': {
    saysNothing: true,
    odd: { refuseTasks: (ids) => void (ids.includes('b') && deny('ecs:DescribeTasks')) },
    says: `task ${taskArn('b')} cannot be read: AWS refuses it: AccessDeniedException`,
  },
  'a definition that is deleted': {
    odd: refusedDefinition(() => refuse('ClientException', 'Unable to describe task definition.')),
    says: `${b2}AWS refuses it: ClientException: Unable to describe task definition`,
  },
  'a definition that a policy denies': {
    odd: refusedDefinition(() => deny('ecs:DescribeTaskDefinition')),
    says: `${b2}AWS refuses it: AccessDeniedException`,
  },
  'a definition without containers': {
    odd: oddDefinition({ containerDefinitions: undefined }),
    says: `${b2}AWS answered without containerDefinitions`,
  },
  'a definition in an unknown network mode': {
    odd: oddDefinition({ networkMode: 'mesh' }),
    says: `${b2}networkMode is "mesh", which is not one of bridge, host, awsvpc, none, default, nat`,
  },
  'a definition with a container without a name': {
    odd: container({ name: undefined }),
    says: `${b2}containerDefinitions[0].name is missing`,
  },
  'a definition with an odd label': {
    odd: container({ dockerLabels: { 'haproxy.host': 5 } }),
    says: `${b2}containerDefinitions[0].dockerLabels.haproxy.host is "5", which is not a text`,
  },
  'a definition with an odd port': {
    odd: container({ portMappings: [{ containerPort: 'http' }] }),
    says: `${b2}containerDefinitions[0].portMappings[0].containerPort is "http", which is not a number`,
  },
  'a host that ECS fails to describe': { odd: { hostFailure: 'AGENT' }, says: `${bHost}ECS answers AGENT` },
  'a host that ECS refuses, and its batch with it': {
    odd: { refuseHosts: (arns) => void (arns.includes(host('b')) && refuse('InvalidParameterException')) },
    says: `${bHost}AWS refuses it: InvalidParameterException: no`,
  },
  'a host with an odd id': {
    odd: { host: (each) => (each.containerInstanceArn === host('b') ? { ...each, ec2InstanceId: 5 } : each) },
    says: `${bHost}ec2InstanceId is "5", which is not a text`,
  },
  'an instance that EC2 refuses, and its batch with it': {
    odd: { address: (ids) => void (ids.includes('i-b') && refuse('InvalidInstanceID.Malformed', 'Invalid id: "i-b"')) },
    says: 'demo/shop: instance i-b cannot be read: AWS refuses it: InvalidInstanceID.Malformed: Invalid id: "i-b"',
  },
};

describe.each(Object.keys(kinds))('%s', (kind) => {
  const { odd, says, saysNothing } = kinds[kind] as (typeof kinds)[string];

  it('is named, waits while it is new, holds up nobody, and is served as soon as it can be read', async () => {
    const { world, run, servers } = await stage();
    world.odd = odd;

    const { action, faults } = await run();

    expect(action).toBe('publish');
    expect(faults).toContainEqual(expect.stringContaining(says));
    expect(faults.find((fault) => fault.includes(says))).toContain(`; ${stays}`);
    expect(await servers()).toStrictEqual(['cart/x', 'cart/y', 'shop/a']);

    world.odd = {};
    expect((await run()).faults).toStrictEqual([]);
    expect(await servers()).toStrictEqual(['cart/x', 'cart/y', 'shop/a', 'shop/b']);
  });

  it('stays while it is published, though all memory is lost, is named to its service, and leaves when told to stop', async () => {
    const { world, run, servers, forget } = await stage();
    await run();
    world.odd = odd;
    world.tasks = [...world.tasks, task('z', 'cart')];

    forget();
    const { action, faults } = await run();

    expect(action).toBe('publish');
    expect(faults).toContainEqual(expect.stringContaining(says));
    expect(faults.filter((fault) => !fault.startsWith('demo/shop: '))).toStrictEqual([]);
    expect(await servers()).toStrictEqual(['cart/x', 'cart/y', 'cart/z', 'shop/a', 'shop/b']);

    world.tasks = world.tasks.map((task) => (task.id === 'b' ? { ...task, desiredStatus: 'STOPPED' } : task));
    if (saysNothing) world.odd = {};
    await run();
    expect(await servers()).toStrictEqual(['cart/x', 'cart/y', 'cart/z', 'shop/a']);
  });
});

const hiding = Object.keys(kinds).filter((kind) => kind.startsWith('a task'));
it.each(hiding)('%s leaves as soon as its service counts it no more', async (kind) => {
  const { world, run, servers } = await stage();
  await run();
  world.odd = kinds[kind]?.odd ?? {};
  world.counts = { shop: 1, cart: 2 };

  await run();

  expect(await servers()).toStrictEqual(['cart/x', 'cart/y', 'shop/a']);
});

describe('a service without a task that can be read', () => {
  it.each([
    'a task without a version',
    'a definition that is deleted',
    'a definition in an unknown network mode',
    'a host that ECS fails to describe',
  ])('keeps its route and its servers: %s', async (kind) => {
    const { world, run, servers, forget } = await stage();
    await run();
    world.tasks = world.tasks.filter(({ id }) => id !== 'a');
    world.counts = { shop: 1, cart: 2 };
    world.odd = kinds[kind]?.odd ?? {};
    forget();

    expect((await run()).faults.join()).toContain(kinds[kind]?.says);
    expect(await servers()).toStrictEqual(['cart/x', 'cart/y', 'shop/b']);
  });
});

it("a managed daemon's task has a definition that ECS does not describe, and no policy is to blame", async () => {
  const { world, run, servers } = await stage();
  const daemon = 'arn:aws:ecs:eu-west-2:123456789012:daemon-task-definition/agent:1';
  world.odd = {
    task: (task) =>
      String(task.taskArn).endsWith('d') ? { ...task, taskDefinitionArn: daemon, group: 'daemon:agent' } : task,
    definition: (arn) => (arn === daemon ? deny('ecs:DescribeTaskDefinition') : undefined),
  };
  world.tasks = [...world.tasks, task('d', 'agent')];

  const { action, faults } = await run();

  expect(action).toBe('publish');
  expect(faults).toStrictEqual([
    expect.stringMatching(
      /^demo\/\.agent: task definition \S+:daemon-task-definition\/agent:1 cannot be read: AWS refuses it: AccessDenied/,
    ),
  ]);
  expect(await servers()).toStrictEqual(['cart/x', 'cart/y', 'shop/a', 'shop/b']);

  world.tasks = world.tasks.filter(({ id }) => id === 'd');
  world.counts = { shop: 0, cart: 0 };
  await run();
  expect(await servers()).toStrictEqual([]);
});

describe('a service whose tasks ECS would not count', () => {
  it.each([
    ['ECS answers INTERNAL', { service: (name) => (name === 'shop' ? 'INTERNAL' : {}) }],
    ['runningCount is missing', { service: (name) => (name === 'shop' ? { runningCount: undefined } : {}) }],
    [
      'runningCount is "many", which is not a number',
      { service: (name) => (name === 'shop' ? { runningCount: 'many' } : {}) },
    ],
    ['ECS answers nothing about it', { service: (name) => (name === 'shop' ? { serviceName: undefined } : {}) }],
    [
      'AWS refuses it: InvalidParameterException: no',
      { refuseServices: (all) => void (all.includes('shop') && refuse('InvalidParameterException')) },
    ],
    [
      'AWS refuses it: AccessDeniedException',
      { refuseServices: (all) => void (all.includes('shop') && deny('ecs:DescribeServices')) },
    ],
  ] as [string, Odd][])('keeps its servers, is named, and holds up nobody: %s', async (says, odd) => {
    const { world, run, servers } = await stage();
    await run();
    world.odd = odd;
    world.counts = { shop: 0, cart: 0 };
    world.tasks = [];

    const { action, faults } = await run();

    expect(action).toBe('publish');
    expect(faults).toStrictEqual([
      expect.stringMatching(
        /^demo\/shop: its running tasks cannot be counted: .*; servers of it that ECS does not describe stay until they can be$/,
      ),
    ]);
    expect(faults[0]).toContain(says);
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
    const { world, run, servers } = await stage();
    await run();
    world.odd = { definition: () => deny('ecs:DescribeTaskDefinition') };
    world.tasks = [...world.tasks, task('c', 'shop', 3)];

    await expect(run()).rejects.toThrow('the function lacks a permission');
    expect(await servers()).toStrictEqual(['cart/x', 'cart/y', 'shop/a', 'shop/b']);
  });

  it.each([
    ['ThrottlingException', 400],
    ['ExpiredTokenException', 400],
    ['UnrecognizedClientException', 400],
    ['ServerException', 500],
    ['ServiceUnavailableException', 503],
  ])('%s about one definition', async (code, status) => {
    const { world, run, servers } = await stage();
    world.odd = refusedDefinition(() => refuse(code, 'no.', status));

    await expect(run()).rejects.toThrow(
      `Reading task definition ${definitionArn('shop', 2)}: ${code}: no; nothing is lost`,
    );
    expect(await servers()).toStrictEqual(['cart/x', 'shop/a']);
  });
});

it('finds one refused task among hundreds by halves', async () => {
  const { world, api, run, servers } = await stage();
  world.tasks = [...world.tasks, ...Array.from({ length: 190 }, (_, index) => task(`c${index}`, 'cart'))];
  world.counts = { shop: 2, cart: 192 };
  world.odd = { refuseTasks: (ids) => void (ids.includes('b') && refuse('InvalidParameterException')) };
  const before = api.calls.length;

  await run();

  expect((await servers()).length).toBeGreaterThan(2);
  const asked = api.calls.slice(before).filter(({ action }) => action === 'ecs:DescribeTasks');
  expect(asked.length).toBeLessThan(20);
});

it('asks little where hundreds are denied', async () => {
  const { world, api, run } = await stage();
  world.tasks = Array.from({ length: 190 }, (_, index) => task(`c${index}`, 'cart'));
  world.odd = { refuseTasks: () => deny('ecs:DescribeTasks') };
  const before = api.calls.length;

  await expect(run()).rejects.toThrow('Describing tasks of cluster demo: AccessDeniedException');

  expect(api.calls.length - before).toBeLessThan(60);
});
