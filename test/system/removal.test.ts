import { customResource } from './cloudformation';
import { serving, until, world, worldForAll } from './shop';

worldForAll({ certificates: true });

const custom = (type: 'Create' | 'Update' | 'Delete') =>
  customResource((event) => world.aws.invoke('unmake', event), type);

/** Every parameter of the account, as the played Parameter Store has them. */
const names = (NextToken?: string): readonly (string | undefined)[] => {
  const asked = { Path: '', Recursive: true, ...(NextToken && { NextToken }) };
  const { Parameters, NextToken: next } = world.aws.parameters.handlers['ssm:GetParametersByPath'](asked);
  return [...Parameters.map((parameter) => parameter?.Name), ...(next ? names(next) : [])];
};

it('law 15: a stage that has served, and ordered a certificate, leaves no parameter behind', async () => {
  const { ecs, aws } = world;
  const taskDefinition = ecs.registerTaskDefinition({ family: 'shop', containers: [serving('shop.example')] });
  ecs.createService({ name: 'shop', taskDefinition, desiredCount: 1 });
  aws.deployed();
  await until(() => aws.runs.length > 0 && names().includes('/sluice/dev/haproxy/files/50-sluice-dev.shop.cfg'));
  aws.parameters.put({ Name: '/sluice/dev2/haproxy/current', Value: 'of another stage', Type: 'String' });
  const written = names().length;

  expect(await custom('Create')).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: '/sluice/dev' });
  expect(await custom('Update')).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: '/sluice/dev' });
  expect(names()).toHaveLength(written);

  ecs.updateService('shop', { desiredCount: 0 });
  expect(await custom('Delete')).toStrictEqual({
    ...{ StackId: 'arn:stack', RequestId: 'Delete', LogicalResourceId: 'StageParameters' },
    ...{ Status: 'SUCCESS', Reason: 'done', PhysicalResourceId: '/sluice/dev' },
  });
  expect(names()).toStrictEqual(['/sluice/dev2/haproxy/current']);
});

describe('the hosts of a cluster', () => {
  const Group = 'sluice-dev-TaskHosts-1A2B3C';
  const draining = (type: 'Create' | 'Delete') =>
    customResource((event) => world.aws.invoke('unmake', event), type, {
      ResourceType: 'Custom::HostDraining',
      ResourceProperties: { Group },
    });
  const released = () =>
    world.aws.api.calls.filter(({ action }) => action === 'autoscaling:DeleteLifecycleHook').map(({ input }) => input);

  it('are held by ECS as long as the stack exists, and are let go when it is removed', async () => {
    expect(await draining('Create')).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: Group });
    expect(released()).toStrictEqual([]);

    expect(await draining('Delete')).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: Group });
    expect(released()).toStrictEqual([
      expect.objectContaining({
        AutoScalingGroupName: Group,
        LifecycleHookName: 'ecs-managed-draining-termination-hook',
      }),
    ]);
  });

  it('do not stop the removal when that is refused: they end an hour later', async () => {
    world.aws.api.faults.next('autoscaling:DeleteLifecycleHook', 'denied', 99);

    expect(await draining('Delete')).toMatchObject({ Status: 'SUCCESS' });
  });
});

it('a removal that is refused is reported with the reason', async () => {
  world.aws.api.faults.next('ssm:GetParametersByPath', 'denied', 99);

  expect(await custom('Delete')).toMatchObject({
    Status: 'FAILED',
    Reason: expect.stringMatching(/^The parameters below \/sluice\/dev could not be removed: Listing .*AccessDenied/),
  });
});
