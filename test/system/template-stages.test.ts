import type { Variant } from '../../scripts/real/package';
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
])('a stage dev with %s', (variant, elsewhere) => {
  let dev: Template;
  beforeAll(async () => {
    dev = await templateOf(variant);
  });

  it('contains its stage in each name, so that no name collides with another stage’s', () => {
    const common = names(dev).filter((name) => !/\bdev\b/.test(name));
    const expected = Object.keys(shared).filter((name) => !elsewhere.test(name));

    expect([...new Set(common)].sort()).toStrictEqual(expected.sort());
    expect(names(dev).filter((name) => name.includes('sluice-dev')).length).toBeGreaterThan(5);
  });

  it('has no pattern in a policy that matches a stage whose name begins alike', () => {
    const patterns = (dev.text.match(/sluice-dev[\w.-]*\*/g) ?? []).map((text) => text.slice(0, -1));
    const called = names(dev).map((name) => name.slice(name.lastIndexOf(' ') + 1));
    const alike = ['dev-sync', 'dev-sync-x', 'dev-proxy', 'dev-x'].flatMap((stage) =>
      called.map((name) => name.replace(/\bdev\b/, stage)),
    );

    expect(dev.text).toContain('parameter/sluice/dev/haproxy/*');
    expect(dev.text.match(/[-/]dev\*[^"]*/g)).toBeNull();
    expect(patterns).toContain('sluice-dev-sync_');
    expect(alike.filter((name) => patterns.some((start) => name.startsWith(start)))).toStrictEqual([]);
  });
});

it('stages dev and dev2 differ only in names', async () => {
  const [dev, dev2] = [await templateOf('alb'), await templateOf('alb', 'dev2')];
  const when = /\d{13}-\d{4}-\d\d-\d\dT[0-9:.]*Z/g;
  const neutral = ({ resources }: Template, id: string) =>
    withoutHash(JSON.stringify(resources[id])).replace(when, '').replaceAll('dev2', 'dev');
  const ids = [...new Set([dev, dev2].flatMap(({ resources }) => Object.keys(resources)))];

  expect(ids.filter((id) => neutral(dev, id) !== neutral(dev2, id))).toStrictEqual([]);
  expect(names(dev2).map(withoutHash)).toStrictEqual(
    names(dev).map((name) => withoutHash(name.replace(/\bdev\b/, 'dev2'))),
  );
});
