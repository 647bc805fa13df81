import type { Variant } from '../../scripts/local/package/package';
import { type Template, templateOf } from './packaged';

/** Names that two stages of one account share, and why they do not meet. */
const shared: Readonly<Record<string, string>> = {
  'AWS::CertificateManager::Certificate DomainName sluice.test': 'what it is for; AWS names it by a number',
  'AWS::ECS::Service ServiceName hello-world': 'a name within the stage’s own cluster',
  'AWS::Route53::RecordSet Name *.sluice.test': 'as the domain itself',
  'AWS::Route53::RecordSet Name sluice.test':
    'the domain, which each stage sets; SetIdentifier tells the records apart',
  'AWS::ServiceDiscovery::PrivateDnsNamespace Name internal': 'a zone of the stage’s own VPC',
  'AWS::ServiceDiscovery::Service Name _hello-world-service': 'a name within the stage’s own namespace',
};

/** What a resource is called, as type, property and value. Metrics are named by AWS, or within a namespace of the stage. */
const names = ({ resources }: Template): string[] =>
  Object.values(resources).flatMap(({ Type, Properties = {} }) =>
    Object.entries(Properties)
      .filter(([key, value]) => /(?<!Metric)Name$|Family$|SetIdentifier$/.test(key) && typeof value === 'string')
      .map(([key, value]) => `${Type} ${key} ${value}`),
  );

/** Without the hash of the sync's document, which has the stage's prefix in it. */
const withoutHash = (text: string): string => text.replace(/(-sync_)[0-9a-f]{10}\b/g, '$1hash');

describe.each<[Variant, RegExp]>([
  ['cloudMap', /CertificateManager|\*\./],
  ['alb', /ServiceDiscovery/],
])('stages prod and prod2 of one account, both with %s,', (variant, elsewhere) => {
  let prod: Template;
  let prod2: Template;
  beforeAll(async () => {
    [prod, prod2] = [await templateOf(variant, 'prod'), await templateOf(variant, 'prod2')];
  }, 60_000);

  it('have no name in common that could collide', () => {
    const common = names(prod).filter((name) => names(prod2).includes(name));
    const expected = Object.keys(shared).filter((name) => !elsewhere.test(name));

    expect([...new Set(common)].sort()).toStrictEqual(expected.sort());
  });

  it('name what they name after their stage', () => {
    expect(names(prod).filter((name) => name.includes('sluice-prod')).length).toBeGreaterThan(5);
    const renamed = names(prod).map((name) => name.replace(/\bprod\b/, 'prod2'));
    expect(names(prod2).map(withoutHash)).toStrictEqual(renamed.map(withoutHash));
  });

  it('allow nothing by a pattern that would reach from prod into prod2', () => {
    expect(prod.text).toContain('parameter/sluice/prod/haproxy/*');
    expect(prod.text.match(/[-/]prod\*[^"]*/g)).toBeNull();
  });

  it('nor into any stage whose name begins alike, whatever is behind it', () => {
    const patterns = (prod.text.match(/sluice-prod[\w.-]*\*/g) ?? []).map((text) => text.slice(0, -1));
    const called = names(prod).map((name) => name.slice(name.lastIndexOf(' ') + 1));
    const alike = ['prod-sync', 'prod-sync-x', 'prod-proxy', 'prod-x'].flatMap((stage) =>
      called.map((name) => name.replace(/\bprod\b/, stage)),
    );

    expect(patterns).toContain('sluice-prod-sync_');
    expect(alike.filter((name) => patterns.some((start) => name.startsWith(start)))).toStrictEqual([]);
  });

  it('compare the tag of a proxy whole', () => {
    expect(JSON.stringify(prod.statements('ReconcileRole'))).toContain(
      '{"StringEquals":{"ssm:resourceTag/SluiceProxy":"prod"}}',
    );
    expect(prod.text).not.toContain('StringLike');
  });

  it('differ in nothing but what is named after them', () => {
    const when = /\d{13}-\d{4}-\d\d-\d\dT[0-9:.]*Z/g;
    const neutral = ({ resources }: Template, id: string) =>
      withoutHash(JSON.stringify(resources[id])).replace(when, '').replaceAll('prod2', 'prod');
    const ids = [...new Set([prod, prod2].flatMap(({ resources }) => Object.keys(resources)))];

    expect(ids.filter((id) => neutral(prod, id) !== neutral(prod2, id))).toStrictEqual([]);
  });
});
