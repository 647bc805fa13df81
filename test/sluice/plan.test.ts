import { parameterStore } from '../../scripts/local/ssm/parameters';
import { played } from '../aws/played';
import { sluice } from './console';

const [taskCount, serviceCount, hostCount] = [5_000, 40, 50];
const arn = (path: string) => `arn:aws:ecs:eu-west-2:123456789012:${path}`;
const ids = Array.from({ length: taskCount }, (_, index) => index.toString(16).padStart(32, '0'));

function described(id: string) {
  const index = Number.parseInt(id, 16);
  const networkBindings = [{ containerPort: 8080, hostPort: 32768 + Math.floor(index / hostCount) }];
  return {
    ...{ taskArn: arn(`task/demo/${id}`), containerInstanceArn: arn(`container-instance/demo/${index % hostCount}`) },
    taskDefinitionArn: arn(`task-definition/service-${index % serviceCount}:1`),
    ...{ group: `service:service-${index % serviceCount}`, startedBy: 'ecs-svc/1', version: 3 },
    ...{ desiredStatus: 'RUNNING', lastStatus: 'RUNNING' },
    containers: [{ name: 'web', lastStatus: 'RUNNING', networkBindings }],
  };
}

const Variables = {
  ...{ SLUICE_CLUSTERS: 'demo', SLUICE_PREFIX: '/sluice/dev', SLUICE_SYNC_DOCUMENT: 'sluice-dev-sync' },
  ...{ SLUICE_PROXY_TAG: 'dev', SLUICE_QUEUE_URL: 'https://sqs.invalid/queue', SLUICE_ADDRESSES: '192.0.2.1' },
  SLUICE_ALARM_TOPIC: 'arn:aws:sns:eu-west-2:123456789012:alarms',
  SLUICE_CERTIFICATES: '[["example.com"]]',
  SLUICE_STAGE_SETTINGS: '{"trustedProxies": [], "minTls": "1.2"}',
};

/** Answers in pages of a hundred, as ECS does. */
const handlers = {
  ...parameterStore().handlers,
  'lambda:GetFunctionConfiguration': () => ({ Environment: { Variables } }),
  'ecs:ListTasks': ({ nextToken = '0' }: { nextToken?: string }) => {
    const to = Number(nextToken) + 100;
    const taskArns = ids.slice(to - 100, to).map((id) => arn(`task/demo/${id}`));
    return { taskArns, ...(to < ids.length && { nextToken: String(to) }) };
  },
  'ecs:DescribeTasks': ({ tasks }: { tasks: string[] }) => ({ tasks: tasks.map(described), failures: [] }),
  'ecs:DescribeTaskDefinition': ({ taskDefinition }: { taskDefinition: string }) => {
    const dockerLabels = { 'haproxy.host': `${/\/([^:]+):/.exec(taskDefinition)?.[1]}.example.com` };
    const containerDefinitions = [{ name: 'web', dockerLabels, portMappings: [{ containerPort: 8080 }] }];
    return { taskDefinition: { revision: 1, containerDefinitions } };
  },
  'ecs:DescribeContainerInstances': ({ containerInstances }: { containerInstances: string[] }) => ({
    containerInstances: containerInstances.map((containerInstanceArn) => {
      return { containerInstanceArn, ec2InstanceId: `i-${containerInstanceArn.split('/').at(-1)}`, status: 'ACTIVE' };
    }),
  }),
  'ec2:DescribeInstances': () => ({
    reservationSet: Array.from({ length: hostCount }, (_, index) => ({
      instancesSet: [{ instanceId: `i-${index}`, privateIpAddress: `10.0.${index}.7` }],
    })),
  }),
};

it('at 5,000 tasks plan asks as often as a tick, shows how far it is, and cuts long lists', async () => {
  const { api, client } = await played(handlers);
  let clock = 0;
  // Each look at the clock takes a tenth of a second.
  const now = () => (clock += 100);
  const { code, output, complaints } = await sluice(['plan'], { config: () => client, now, isTTY: true });
  const definitions = api.calls.filter(({ action }) => action === 'ecs:DescribeTaskDefinition').length;
  console.log(`${api.calls.length} calls, of which ${definitions} read a task definition each`);

  expect(code).toBe(0);
  expect(api.calls.length - definitions).toBeLessThanOrEqual(110);
  expect(definitions).toBe(serviceCount);
  expect(complaints).toContain('described 1,200 of 5,000 tasks');
  expect(output).toMatch(/would publish generation 1: 40 services\s+change \(nothing/);
  expect(output.match(/^ {4}and 115 more$/gm)).toHaveLength(serviceCount);
});

it.each([
  [
    'of another release',
    { Variables: { SLUICE_CLUSTERS: 'demo' } },
    /^sluice: sluice-dev-reconcile has other settings than this clone knows \(SLUICE_PREFIX: .*npx sluice deploy --stage dev/,
  ],
  [
    'hidden by a key',
    { Error: { ErrorCode: 'AccessDeniedException', Message: 'no kms:Decrypt' } },
    /^sluice: AWS does not show the settings of sluice-dev-reconcile: no kms:Decrypt\. Check/,
  ],
])('settings of the deployed function that are %s: one sentence', async (_, Environment, says) => {
  const { client } = await played({ ...handlers, 'lambda:GetFunctionConfiguration': () => ({ Environment }) });

  expect(await sluice(['plan'], { config: () => client })).toMatchObject({
    ...{ code: 1, output: '' },
    complaints: expect.stringMatching(says),
  });
});
