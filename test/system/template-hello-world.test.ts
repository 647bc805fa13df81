import { hello } from '../../scripts/demo/cast';
import { type Template, templatesFor } from './packaged';

type Container = {
  Name: string;
  Command: string[];
  DockerLabels?: Record<string, string>;
  DependsOn?: { ContainerName: string; Condition: string }[];
  StopTimeout?: number;
  PortMappings?: object[];
  Memory: number;
  MemoryReservation: number;
};
const template = templatesFor('default', 'cloudMap', 'withoutHelloWorld', 'twoProxies');
const [withCloudMap, without] = [() => template('cloudMap'), () => template('withoutHelloWorld')];

const containers = () =>
  template().properties<{ ContainerDefinitions: Container[] }>('HelloWorldTask').ContainerDefinitions;
const container = (name: string) => containers().find(({ Name }) => Name === name) as Container;
const played = (name: string) => hello(1).containers.find((each) => each.name === name);

describe('hello-world', () => {
  it('is the demo’s: the same labels but for the host, the same port, the same pre-stop', () => {
    const [app, preStop] = [container('hello'), container('pre-stop')];

    expect(app.DockerLabels).toStrictEqual({ ...played('hello')?.labels, 'haproxy.host': 'sluice.test' });
    expect(app.PortMappings).toStrictEqual([
      { ContainerPort: played('hello')?.containerPort, HostPort: 0, Protocol: 'tcp' },
    ]);
    expect(preStop.Command).toStrictEqual(played('pre-stop')?.command);
    expect(preStop.StopTimeout).toBe(played('pre-stop')?.stopTimeoutSeconds);
    expect(preStop.DependsOn).toStrictEqual(
      played('pre-stop')?.dependsOn?.map((ContainerName) => ({ ContainerName, Condition: 'START' })),
    );
  });

  it('runs the demo’s program, untouched by variables of the packager', () => {
    const { program } = require('../../resources/hello-world.cjs') as { program: () => string };
    const { Command } = container('hello');

    expect(Command).toStrictEqual(['node', '--input-type=module', '--eval', program()]);
    expect(program()).not.toContain('${');
  });

  it('fits on a t4g.small with a whole deployment’s tasks', () => {
    const task = containers().reduce((sum, { MemoryReservation }) => sum + MemoryReservation, 0);

    expect(task * 6).toBeLessThan(1_800);
  });

  it('is rolled back when it does not start, instead of delaying the stack', () => {
    expect(template().properties('HelloWorldService')).toMatchObject({
      DesiredCount: 3,
      // By default ECS would start tasks in the other zone, and with them a second host.
      AvailabilityZoneRebalancing: 'DISABLED',
      DeploymentConfiguration: { DeploymentCircuitBreaker: { Enable: true, Rollback: true } },
    });
  });

  it('is registered with Cloud Map only if the settings say so', () => {
    expect(template().properties('HelloWorldService')).not.toHaveProperty('ServiceRegistries');
    expect(withCloudMap().properties('HelloWorldService')).toMatchObject({
      DesiredCount: 3,
      ServiceRegistries: [{ ContainerName: 'hello', ContainerPort: 8080 }],
    });
    expect(withCloudMap().properties('HelloWorldDiscovery')).toMatchObject({
      Name: '_hello-world-service',
      DnsConfig: { DnsRecords: [{ Type: 'SRV' }] },
    });
  });

  it('can be left out, and the cluster stays', () => {
    expect(Object.keys(without().resources).filter((id) => id.startsWith('HelloWorld'))).toStrictEqual([]);
    expect(without().resources).toHaveProperty('Cluster');
  });
});

describe('records', () => {
  const records = (of: Template) =>
    of
      .ofType<{ Name: string; SetIdentifier: string; AliasTarget?: object }>('AWS::Route53::RecordSet')
      .map(([, record]) => record);

  it('of the proxies are multivalue with a health check each, also for one, so that a second can join', () => {
    expect(records(template()).find(({ AliasTarget }) => !AliasTarget)).toMatchObject({
      Name: 'sluice-dev.sluice.test',
      Type: 'A',
      MultiValueAnswer: true,
      HealthCheckId: { Ref: 'ProxyHealth1' },
    });
    expect(template().properties('ProxyHealth1')).toMatchObject({
      HealthCheckConfig: { Type: 'TCP', Port: 443, IPAddress: { Ref: 'ProxyAddress1' } },
    });
  });

  it.each([
    ['the domain and its wildcard', template, ['sluice.test', '*.sluice.test']],
    ['the domain alone', withCloudMap, ['sluice.test']],
  ])('for %s are weighted aliases of these, so that a load balancer can join', (_, of, expected) => {
    const aliases = records(of()).filter(({ AliasTarget }) => AliasTarget);

    expect(aliases.map(({ Name }) => Name)).toStrictEqual(expected);
    for (const record of aliases)
      expect(record).toMatchObject({
        SetIdentifier: 'sluice-dev-proxies',
        Weight: 100,
        AliasTarget: { DNSName: 'sluice-dev.sluice.test', HostedZoneId: 'Z0SLUICETEST', EvaluateTargetHealth: true },
      });
  });

  it('are one for each proxy, all created before their aliases', () => {
    const two = template('twoProxies');
    const addresses = records(two).filter(({ AliasTarget }) => !AliasTarget);

    expect(addresses.map(({ SetIdentifier }) => SetIdentifier)).toStrictEqual(['sluice-dev-1', 'sluice-dev-2']);
    for (const alias of ['ApexRecord', 'WildcardRecord'])
      expect(two.resources[alias]?.DependsOn).toStrictEqual(['ProxyRecord1', 'ProxyRecord2']);
  });
});
