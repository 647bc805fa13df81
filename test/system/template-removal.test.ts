import { allVariants, type Template, templatesFor } from './packaged';

const of = templatesFor();

/** Whether one resource is created after another, and so removed before it: DependsOn and references, followed all the way. */
function isAfter({ resources }: Template, later: string, earlier: string, seen = new Set<string>()): boolean {
  const resource = resources[later];
  if (!resource || seen.has(later)) return false;
  seen.add(later);
  const text = JSON.stringify(resource.Properties ?? {});
  const referred = [...text.matchAll(/"Ref":"(\w+)"|"Fn::GetAtt":\["(\w+)"|\$\{(\w+)[.}]/g)].flatMap((match) =>
    match.slice(1),
  );
  const next = [...referred, ...[resource.DependsOn ?? []].flat()].filter((id) => id !== undefined);
  return next.includes(earlier) || next.some((id) => isAfter({ resources } as Template, id, earlier, seen));
}

describe('sls remove', () => {
  it.each(allVariants)('keeps nothing in variant %s: no resource is retained', (variant) => {
    expect(of(variant).text).not.toMatch(/"(DeletionPolicy|UpdateReplacePolicy)":"(Retain|Snapshot)/);
  });

  it('deletes the service first, then its capacity, what holds its task hosts, these, and the cluster last', () => {
    const order = ['HelloWorldService', 'ClusterCapacity', 'TaskCapacity', 'HostDraining', 'TaskHosts', 'Cluster'];
    const pairs = order.slice(1).map((earlier, index) => [order[index] as string, earlier] as const);

    for (const [later, earlier] of pairs)
      expect([later, isAfter(of('default'), later, earlier)]).toStrictEqual([later, true]);
  });

  it('does not wait for task hosts that are protected from scale-in', () => {
    expect(of('default').properties('TaskCapacity')).toMatchObject({
      AutoScalingGroupProvider: { ManagedTerminationProtection: 'DISABLED' },
    });
    expect(of('default').text).not.toContain('NewInstancesProtectedFromScaleIn');
  });

  it.each(['AWS::AutoScaling::AutoScalingGroup', 'AWS::EC2::EIP'])(
    'deletes the gateway’s attachment after every %s',
    (type) => {
      for (const [id] of of('twoProxies').ofType(type))
        expect([id, isAfter(of('twoProxies'), id, 'GatewayAttachment')]).toStrictEqual([id, true]);
    },
  );

  it('deletes task hosts while their internet route still exists', () => {
    for (const route of ['InternetRoute', 'SubnetARoutes', 'SubnetBRoutes'])
      expect(isAfter(of('default'), 'TaskHosts', route)).toBe(true);
  });
});

describe('the parameters that functions wrote', () => {
  it.each(allVariants)('are deleted after every role that may write them, in variant %s', (variant) => {
    const writes = (role: string) =>
      of(variant)
        .statements(role)
        .some(({ Action }) => [Action].flat().includes('ssm:PutParameter'));
    const writers = of(variant)
      .ofType('AWS::IAM::Role')
      .map(([role]) => role)
      .filter(writes);

    expect(writers).toStrictEqual(['ReconcileRole', 'RenewRole']);
    for (const role of writers)
      expect([role, isAfter(of(variant), role, 'StageParameters')]).toStrictEqual([role, true]);
  });

  it('are waited for as long as the function can take', () => {
    const { ServiceTimeout } = of('default').properties<{ ServiceTimeout: number }>('StageParameters');
    const { Timeout } = of('default').properties<{ Timeout: number }>('UnmakeLambdaFunction');

    expect(ServiceTimeout).toBeGreaterThan(Timeout);
    expect(ServiceTimeout).toBeLessThanOrEqual(900);
  });
});

describe('the first deploy', () => {
  it.each(['TaskChanged', 'HostChanged', 'ReconcileQueuePolicy', 'ReconcileEventSourceMappingSQSReconcileQueue'])(
    'starts hello-world after %s, so that its first events are received',
    (earlier) => {
      expect(isAfter(of('default'), 'HelloWorldService', earlier)).toBe(true);
    },
  );

  // A rate runs at once when it is made (AWS: EventBridge Scheduler, schedule types).
  it.each(allVariants)('orders no certificate before instances and tasks run, in variant %s', (variant) => {
    const slow = Object.entries(of(variant).resources).filter(([, { Type }]) =>
      ['AWS::AutoScaling::AutoScalingGroup', 'AWS::ECS::Service'].includes(Type),
    );

    // The hosts of a cluster without services fail nothing.
    for (const [id] of slow)
      if (id !== 'TaskHosts') expect([id, isAfter(of(variant), 'RenewSchedule', id)]).toStrictEqual([id, true]);
  });
});
