import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { templatesFor } from './packaged';

type Weighted = { Name: string; SetIdentifier: string; Weight: number };
const without = templatesFor('default', 'alb');
const alb = () => without('alb');

const attribute = (id: string, key: string, property: string) =>
  Number(
    alb()
      .properties<Record<string, { Key: string; Value: string }[]>>(id)
      [property]?.find(({ Key }) => Key === key)?.Value,
  );
const container = () =>
  alb().properties<{ ContainerDefinitions: { HealthCheck: Record<string, number>; DockerLabels: object }[] }>(
    'HelloWorldTask',
  ).ContainerDefinitions[0];

describe('with a load balancer', () => {
  it('no other resource changes but the service’s list and the domain’s weight, both of which change in place', () => {
    const text = (value: unknown) => JSON.stringify(value)?.replace(/\d{13}-\d{4}-\d\d-\d\dT[0-9:.]*Z/g, 'when');
    const changed = Object.entries(without().resources).flatMap(([id, { Properties = {} }]) => {
      const now = alb().resources[id]?.Properties ?? {};
      return [...new Set([...Object.keys(Properties), ...Object.keys(now)])]
        .filter((key) => text(Properties[key]) !== text(now[key]))
        .map((key) => `${id}.${key}`);
    });

    expect(changed.sort()).toStrictEqual(['ApexRecord.Weight', 'HelloWorldService.LoadBalancers']);
  });

  // CloudFormation leaves at a service what its template no longer mentions (AWS::ECS::Service, LoadBalancers).
  it('without it again, the service leaves it', () => {
    expect(without().properties('HelloWorldService')).toHaveProperty('LoadBalancers', []);
    expect(alb().properties('HelloWorldService')).toHaveProperty('LoadBalancers', [
      { ContainerName: 'hello', ContainerPort: 8080, TargetGroupArn: { Ref: 'HelloWorldTargets' } },
    ]);
  });

  it('the domain is shared out by weights, and its wildcard, whose services it does not know, stays with the proxies', () => {
    const records = alb()
      .ofType<Weighted>('AWS::Route53::RecordSet')
      .map(([, { Name, SetIdentifier, Weight }]) => [Name, SetIdentifier, Weight])
      .filter(([, , weight]) => weight !== undefined);

    expect(records).toStrictEqual([
      ['sluice.test', 'sluice-dev-proxies', 90],
      ['sluice.test', 'sluice-dev-alb', 10],
      ['*.sluice.test', 'sluice-dev-proxies', 100],
    ]);
  });

  it('each entrance takes the visitors of the other while that is down', () => {
    for (const id of ['ApexRecord', 'ApexAlbRecord'])
      expect(alb().properties(id)).toMatchObject({ AliasTarget: { EvaluateTargetHealth: true } });
  });

  it('the service joins when a listener leads to it, and the record comes when the service has joined', () => {
    expect(alb().resources.HelloWorldService?.DependsOn).toEqual(
      expect.arrayContaining([...(without().resources.HelloWorldService?.DependsOn ?? []), 'HelloWorldRule']),
    );
    expect(alb().resources.ApexAlbRecord?.DependsOn).toStrictEqual(['HelloWorldService']);
    expect(JSON.stringify(alb().properties('HelloWorldRule'))).toContain('{"Ref":"HelloWorldTargets"}');
  });

  it('it is deleted before the internet route, which its addresses need', () => {
    expect(alb().resources.LoadBalancer?.DependsOn).toEqual(
      expect.arrayContaining(['GatewayAttachment', 'InternetRoute', 'SubnetARoutes', 'SubnetBRoutes']),
    );
  });
});

describe('the load balancer', () => {
  it('serves the name that hello-world’s label says, with a certificate for it, and 404 to every other', () => {
    expect(alb().properties('HelloWorldRule')).toMatchObject({
      Conditions: [{ Field: 'host-header', HostHeaderConfig: { Values: ['sluice.test'] } }],
    });
    expect(alb().properties('LoadBalancerCertificate')).toMatchObject({
      DomainName: 'sluice.test',
      DomainValidationOptions: [{ DomainName: 'sluice.test', HostedZoneId: 'Z0SLUICETEST' }],
    });
    expect(alb().properties('HttpsListener')).toMatchObject({
      Certificates: [{ CertificateArn: { Ref: 'LoadBalancerCertificate' } }],
      DefaultActions: [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '404' } }],
    });
  });

  it('speaks TLS 1.2 or later, like the proxies, and redirects HTTP there', () => {
    expect(alb().properties('HttpsListener')).toMatchObject({ SslPolicy: expect.stringMatching(/-TLS13-1-2-Res-/) });
    expect(alb().properties('HttpListener')).toMatchObject({
      DefaultActions: [{ Type: 'redirect', RedirectConfig: { Protocol: 'HTTPS', Port: '443' } }],
    });
  });

  it('never sends a request on a connection that hello-world is about to close', () => {
    const { program } = require('../../resources/hello-world.cjs') as { program: () => string };
    const keepAliveMs = Number(/keepAliveTimeout = ([\d_e]+)/.exec(program())?.[1]?.replaceAll('_', ''));

    expect(attribute('LoadBalancer', 'idle_timeout.timeout_seconds', 'LoadBalancerAttributes') * 1000).toBeLessThan(
      keepAliveMs,
    );
  });

  it('gives a task as long to start as its own check does', () => {
    const { HealthCheckIntervalSeconds = 0, UnhealthyThresholdCount = 0 } =
      alb().properties<Record<string, number>>('HelloWorldTargets');

    expect(HealthCheckIntervalSeconds * UnhealthyThresholdCount).toBeGreaterThan(
      container()?.HealthCheck.StartPeriod ?? Number.POSITIVE_INFINITY,
    );
  });

  it('lets requests end for longer than a stop order takes to reach the proxies, and not for the default five minutes', () => {
    const seconds = attribute('HelloWorldTargets', 'deregistration_delay.timeout_seconds', 'TargetGroupAttributes');

    expect(seconds).toBeGreaterThanOrEqual(30);
    expect(seconds).toBeLessThan(300);
  });
});

describe('docs/way-up.md', () => {
  const text = readFileSync(join(__dirname, '../../docs/way-up.md'), 'utf8');

  it('names resources that exist', () => {
    const [first] = alb()
      .ofType<{ Name: string }>('AWS::Route53::RecordSet')
      .map(([, { Name }]) => Name);
    const ofDev = text.replaceAll('sluice-prod', 'sluice-dev').replaceAll('example.com', 'sluice.test');

    for (const id of ['ProxyHealth1', 'HelloWorldTargets', 'HelloWorldRule']) {
      expect(text).toContain(id);
      expect(alb().resources).toHaveProperty(id);
    }
    expect(ofDev).toContain('describe-load-balancers --names sluice-dev ');
    expect(alb().properties('LoadBalancer')).toHaveProperty('Name', 'sluice-dev');
    expect(ofDev).toContain('npx sluice replace 1');
    expect(alb().properties('ProxyGroup1')).toHaveProperty('AutoScalingGroupName', 'sluice-dev-proxy-1');
    expect(ofDev).toContain(first);
  });

  it('weights a name of the user’s own as the stack does the domain', () => {
    const batch = JSON.parse(/```json\n([\s\S]*?)```/.exec(text)?.[1] ?? '') as {
      Changes: { ResourceRecordSet: { Weight: number; AliasTarget: object } }[];
    };
    const sets = batch.Changes.map(({ ResourceRecordSet }) => ResourceRecordSet);

    expect(sets.map(({ Weight }) => Weight)).toStrictEqual([100, 0]);
    for (const set of sets) expect(Object.keys(set.AliasTarget).sort()).toStrictEqual(aliasKeys());
  });
});

const aliasKeys = () => Object.keys(alb().properties<{ AliasTarget: object }>('ApexAlbRecord').AliasTarget).sort();
