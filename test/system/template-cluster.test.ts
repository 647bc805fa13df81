import { templatesFor } from './packaged';

type Group = {
  DesiredCapacity?: string;
  MinSize: string;
  MaxSize: string;
  MixedInstancesPolicy: { InstancesDistribution: object; LaunchTemplate: { Overrides: { InstanceType: string }[] } };
};
const template = templatesFor('default', 'cloudMap');
const onDemand = () => template('cloudMap');

describe('hosts of tasks', () => {
  it('have their number set by managed scaling, not by a deploy', () => {
    const group = template().properties<Group>('TaskHosts');

    expect(group).not.toHaveProperty('DesiredCapacity');
    expect([Number(group.MinSize), Number(group.MaxSize)]).toStrictEqual([1, 4]);
    expect(template().properties('TaskCapacity')).toMatchObject({
      AutoScalingGroupProvider: { ManagedScaling: { Status: 'ENABLED' }, ManagedDraining: 'ENABLED' },
    });
  });

  it.each([
    ['on Spot, of several types', template, 0, ['t4g.small', 't4g.medium', 'm6g.medium', 'm7g.medium']],
    ['on demand', onDemand, 100, ['t3a.small', 't3.small']],
  ])('may be %s', (_, of, percent, types) => {
    const { InstancesDistribution, LaunchTemplate } = of().properties<Group>('TaskHosts').MixedInstancesPolicy;

    expect(InstancesDistribution).toMatchObject({
      OnDemandPercentageAboveBaseCapacity: percent,
      SpotAllocationStrategy: 'price-capacity-optimized',
    });
    expect(LaunchTemplate.Overrides.map(({ InstanceType }) => InstanceType)).toStrictEqual(types);
  });

  it.each([
    ['Arm', template, 'amazon-linux-2023/arm64/recommended'],
    ['x86', onDemand, 'amazon-linux-2023/recommended'],
  ])('have the image for %s', (_, of, path) => {
    expect(of().properties('TaskHostTemplate')).toMatchObject({
      LaunchTemplateData: { ImageId: `resolve:ssm:/aws/service/ecs/optimized-ami/${path}/image_id` },
    });
  });

  it('join this stage’s cluster, drain at a Spot warning, and keep their role from tasks', () => {
    const { LaunchTemplateData } = template().properties<{
      LaunchTemplateData: { UserData: { 'Fn::Base64': string } };
    }>('TaskHostTemplate');

    expect(LaunchTemplateData.UserData['Fn::Base64'].split('\n')).toStrictEqual([
      '#!/bin/sh',
      "cat >> /etc/ecs/ecs.config <<'END'",
      'ECS_CLUSTER=sluice-dev',
      'ECS_ENABLE_SPOT_INSTANCE_DRAINING=true',
      'ECS_AWSVPC_BLOCK_IMDS=true',
      'END',
      '',
    ]);
  });

  it('carry no tag that Run Command looks for', () => {
    expect(JSON.stringify([template().resources.TaskHosts, template().resources.TaskHostTemplate])).not.toContain(
      'SluiceProxy',
    );
  });
});
