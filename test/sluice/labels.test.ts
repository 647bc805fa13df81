import { readFileSync } from 'node:fs';

import { check, preStop, shop, web } from './task-file';

const withWeb = (more: object) => ({ ...shop, containerDefinitions: [{ ...web, ...more }, preStop] });
const withLabels = (labels: object) => withWeb({ dockerLabels: { ...web.dockerLabels, ...labels } });

/** As CloudFormation writes it. */
const template = (properties: object = {}) => ({
  Resources: {
    Log: { Type: 'AWS::Logs::LogGroup', Properties: {} },
    ShopTask: {
      Type: 'AWS::ECS::TaskDefinition',
      Properties: {
        Family: 'shop',
        RuntimePlatform: { CpuArchitecture: 'ARM64' },
        ContainerDefinitions: [
          {
            ...{ Name: 'web', Memory: 64, PortMappings: [{ ContainerPort: '80', HostPort: '0' }] },
            DockerLabels: web.dockerLabels,
            ...properties,
          },
          { Name: 'pre-stop', Memory: 8, DependsOn: [{ ContainerName: 'web', Condition: 'START' }] },
        ],
      },
    },
  },
});

const served = `container web, port 80
  serves  https://shop.example.com/
          https://www.example.com/
  check   GET /up must pass
`;

it.each([
  ['for register-task-definition', shop, 'task definition shop\n\n'],
  [
    'of describe-task-definition',
    { taskDefinition: { ...shop, revision: 7, volumes: null } },
    'task definition shop\n\n',
  ],
  ['of Terraform', [web, preStop], ''],
  ['of CloudFormation', template(), 'task definition ShopTask\n\n'],
  ['of CloudFormation, one resource', template().Resources.ShopTask, ''],
])('reads a task definition %s', async (_, content, title) => {
  const { code, output } = await check(content);

  expect([code, output.endsWith(title + served)]).toStrictEqual([0, true]);
});

it.each<[string, unknown, readonly RegExp[]]>([
  [
    'a misspelt label',
    withLabels({ 'haproxy.hots': '*' }),
    [/- container "web": unknown label "haproxy.hots"; did you mean haproxy.host\?/],
  ],
  [
    'a route that two containers claim',
    { ...shop, containerDefinitions: [web, { ...web, name: 'other' }] },
    [/is claimed by two of its containers or routes/],
  ],
  ['network mode none', { ...shop, networkMode: 'none' }, [/- its network mode is none; use bridge, host or awsvpc/]],
  [
    'a value that CloudFormation fills in later',
    template({ DockerLabels: { 'haproxy.host': { Ref: 'Host' } } }),
    [/haproxy\.host\s+is "\{\\"Ref\\":\\"Host\\"\}", which is not a\s+text/],
  ],
  [
    'a wrong type',
    withWeb({ portMappings: [{ containerPort: '80' }] }),
    [/containerPort is "80",\s+which is not\s+a number/],
  ],
  [
    'a label that stands twice',
    JSON.stringify(shop).replace('"haproxy.check"', '"haproxy.host":"a.example","haproxy.check"'),
    [/- the key "haproxy\.host" stands twice/],
  ],
])('%s is a fault: exit code 1, and the next step', async (_, content, says) => {
  const { code, output } = await check(content);

  expect(code).toBe(1);
  for (const each of says) expect(output).toMatch(each);
  expect(output).toMatch(/Correct\s+it, then check it again; docs\/labels.md/);
});

const logging = (options: object) => withWeb({ logConfiguration: { logDriver: 'awslogs', options } });

it.each<[string, unknown, RegExp | undefined]>([
  ['says nothing of the processor', { ...shop, runtimePlatform: undefined }, /nothing says that the image is for Arm/],
  [
    'is for Intel',
    { ...shop, runtimePlatform: { cpuArchitecture: 'X86_64' } },
    /runtimePlatform says "X86_64", and the stack’s task hosts are\s+Arm/,
  ],
  ['is for Fargate', { ...shop, runtimePlatform: undefined, requiresCompatibilities: ['FARGATE'] }, undefined],
  [
    'logs elsewhere',
    logging({ 'awslogs-group': '/ecs/shop' }),
    /logs to "\/ecs\/shop": .* only below \/sluice\/prod\//s,
  ],
  [
    'creates its log group',
    logging({ 'awslogs-group': '/sluice/prod/shop', 'awslogs-create-group': 'true' }),
    /may create no group/,
  ],
  [
    'logs elsewhere with a role of its own',
    { ...logging({ 'awslogs-group': '/ecs/shop' }), executionRoleArn: 'arn:x' },
    undefined,
  ],
  ['logs to the stage', logging({ 'awslogs-group': '/sluice/prod/shop' }), undefined],
  [
    'takes a fixed port',
    withWeb({ portMappings: [{ containerPort: 80, hostPort: 80 }] }),
    /container "web" takes a fixed port/,
  ],
  ['uses the network of its host', { ...shop, networkMode: 'host' }, /container "web" takes a fixed port/],
  ['has addresses of its own', { ...shop, networkMode: 'awsvpc' }, /taskSecurityGroupIds/],
  ['names no memory', withWeb({ memory: undefined }), /container "web" has neither memory nor memoryReservation/],
  ['has no pre-stop container', { ...shop, containerDefinitions: [web] }, /pre-stop/],
])('a definition that %s is no fault', async (_, content, note) => {
  const { code, output } = await check(content);

  expect(code).toBe(0);
  expect(output).toContain(served.trimEnd());
  expect(output.split('To look at:').length).toBe(note === undefined ? 1 : 2);
  if (note !== undefined) expect(output).toMatch(note);
});

it('says of a worker that nothing is served', async () => {
  const { code, output } = await check({ ...shop, containerDefinitions: [{ ...web, dockerLabels: {} }] });

  expect(code).toBe(0);
  expect(output).toBe(
    'task definition shop\n\nNo label begins with haproxy., so nothing is served: a worker, or a cron job.\n',
  );
});

it('as JSON has the same for a program', async () => {
  const { code, output } = await check(withLabels({ 'haproxy.timeout': '5m' }), '--json');

  expect(code).toBe(0);
  expect(JSON.parse(output)).toStrictEqual({
    ...{ source: 'task.json', ok: true },
    definitions: [
      {
        name: 'shop',
        served: [
          {
            ...{ container: 'web', port: 80, check: '/up', labels: { timeout: '5m' } },
            urls: ['https://shop.example.com/', 'https://www.example.com/'],
          },
        ],
        ...{ faults: [], notes: [] },
      },
    ],
  });
});

it('finds no fault in the example of docs/getting-started.md', async () => {
  const [, example = ''] =
    /```json\n(\{\n {2}"family": "shop".*?\n\})\n```/s.exec(readFileSync('docs/getting-started.md', 'utf8')) ?? [];
  const { code, output } = await check(example);

  expect([code, output]).toStrictEqual([0, expect.stringContaining('serves  https://shop.example.com/\n')]);
});
