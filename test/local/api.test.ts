import { DescribeTasksCommand, ECSClient, ListTasksCommand } from '@aws-sdk/client-ecs';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';

import { type Api, startApi } from '../../scripts/local/api/api';
import { parameterStore } from '../../scripts/local/ssm/parameters';

const credentials = { accessKeyId: 'ASIALOCAL', secretAccessKey: 'secret', sessionToken: 'session' };
const refused = async (action: string) => (action === 'ecs:DescribeTasks' ? 'task/x' : undefined);

let api: Api;
let clients: { region: string; endpoint: string; credentials: typeof credentials; maxAttempts: number };

beforeEach(async () => {
  api = await startApi([{ ...credentials, role: 'Reconcile', refused }], {
    ...parameterStore().handlers,
    'ecs:ListTasks': () => ({ taskArns: ['arn'] }),
  });
  clients = { region: 'eu-west-2', endpoint: api.endpoint, credentials, maxAttempts: 1 };
});
afterEach(() => api.stop());

const put = (Value: string, more: object = {}) =>
  new SSMClient(clients).send(
    new PutParameterCommand({ Name: '/a/b', Value, Type: 'String', Overwrite: true, ...more }),
  );

it.each([
  ['a wrong secret', { secretAccessKey: 'other' }, 'InvalidSignatureException'],
  ['another session', { sessionToken: 'other' }, 'InvalidSignatureException'],
  ['an unknown key', { accessKeyId: 'OTHER' }, 'UnrecognizedClientException'],
])('refuses %s', async (_, wrong, name) => {
  const client = new ECSClient({ ...clients, credentials: { ...credentials, ...wrong } });
  await expect(client.send(new ListTasksCommand({}))).rejects.toMatchObject({ name });
});

it('denies and records what no policy allows, in the words of AWS', async () => {
  const asked = new ECSClient(clients).send(new DescribeTasksCommand({ tasks: ['x'] }));

  await expect(asked).rejects.toMatchObject({
    name: 'AccessDeniedException',
    message:
      'User: arn:aws:sts::123456789012:assumed-role/Reconcile/local is not authorized to perform: ecs:DescribeTasks on resource: task/x because no identity-based policy allows the ecs:DescribeTasks action',
  });
  expect(api.calls).toMatchObject([{ action: 'ecs:DescribeTasks', outcome: 'AccessDeniedException' }]);
});

it.each([
  ['more than 4,096 bytes in the standard tier', 'x'.repeat(4097), {}],
  ['a reference to another parameter', '{{x}}', {}],
  ['a create without a type', 'x', { Type: undefined }],
])('refuses %s', async (_, value, more) => {
  await expect(put(value, more)).rejects.toMatchObject({ name: 'ValidationException' });
});
