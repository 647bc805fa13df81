import type { HostedZone, Record53 } from '../../scripts/local/certificates/record-sets';
import { acmeStage, foreign, name } from './acme-stage';

const challenge = `_acme-challenge.${name}`;

let stage: Awaited<ReturnType<typeof acmeStage>>;
beforeEach(async () => {
  stage = await acmeStage();
});
afterEach(async () => {
  jest.restoreAllMocks();
  await stage.stop();
});

const changes = () =>
  stage.api.calls
    .filter(({ action }) => action === 'route53:ChangeResourceRecordSets')
    .map(({ input }) => input as { Id: string; Changes: { ResourceRecordSet: Record53 }[] });
const issued = () => stage.index().map((certificate) => certificate.name);

const routed = (SetIdentifier: string, more: object) =>
  ({ ...foreign, Values: [`"${SetIdentifier}"`], SetIdentifier, ...more }) as const;

it('keeps the values of others in the same record', async () => {
  stage.route53.put(stage.zone.id, foreign);

  await stage.run([[name, `*.${name}`]]);

  expect(stage.txt()).toStrictEqual([foreign]);
});

it.each<[string, Record53]>([
  ['wrote into the record', foreign],
  ['gave the record a routing policy', routed('a', { Weight: '1' })],
])('reads the record again when another program %s between reading and writing', async (_, record) => {
  stage.hooks.beforeChange = () => {
    stage.route53.put(stage.zone.id, record);
    stage.hooks.beforeChange = undefined;
  };
  jest.spyOn(console, 'log').mockImplementation();

  await stage.run([[name]]);

  expect(stage.txt()).toStrictEqual([record]);
});

const places = { CollectionId: 'c-1' };
const many = (length: number, more: object) => Array.from({ length }, (_, at) => routed(`a${at}`, more));
/** By the label of a host. Pebble asks by UDP alone, so that an answer must stay below 512 bytes. */
const policies: Readonly<Record<string, readonly Record53[]>> = {
  weighted: [routed('a', { Weight: '0' }), routed('b', { Weight: '10' }), routed('c', { Weight: '255' })],
  latency: [routed('a', { Region: 'eu-west-2' }), routed('b', { Region: 'us-east-1' })],
  failover: [routed('a', { Failover: 'PRIMARY', HealthCheckId: 'h-1' }), routed('b', { Failover: 'SECONDARY' })],
  one: many(1, { MultiValueAnswer: 'true' }),
  multi: many(5, { MultiValueAnswer: 'true' }),
  'more-than-anybody-sees': many(12, { MultiValueAnswer: 'true', Values: ['"short"'] }),
  geolocation: [
    routed('a', { GeoLocation: { CountryCode: 'DE' } }),
    routed('b', { GeoLocation: { ContinentCode: 'AS' } }),
  ],
  geodefault: [routed('a', { GeoLocation: { CountryCode: 'DE' } }), routed('b', { GeoLocation: { CountryCode: '*' } })],
  geoproximity: [routed('a', { GeoProximityLocation: { AWSRegion: 'eu-west-2', Bias: '5' } })],
  'ip-based': [routed('a', { CidrRoutingConfig: { ...places, LocationName: 'office' } })],
  'more-than-a-page': many(120, { Weight: '1' }),
};

it('TXT records of another tool with a routing policy stop no order, are logged once, and stay unchanged', async () => {
  const labels = Object.keys(policies);
  const records = labels.flatMap((label) =>
    (policies[label] ?? []).map((record) => ({ ...record, Name: `_acme-challenge.${label}.${name}` })),
  );
  for (const record of records) stage.route53.put(stage.zone.id, record);
  const said = jest.spyOn(console, 'log').mockImplementation();

  await stage.run(labels.map((label) => [`${label}.${name}`]));

  const lines = said.mock.calls.map(([line]) => JSON.parse(line)).filter(({ message }) => message === 'noticed');
  expect(lines.map(({ words }) => words.split(' (')[0]).sort()).toStrictEqual(
    labels.map((label) => `_acme-challenge.${label}.${name} has TXT records with a routing policy`).sort(),
  );
  expect(issued()).toHaveLength(labels.length);
  const byId = (all: readonly Record53[]) =>
    [...all].sort((a, b) => (`${a.Name} ${a.SetIdentifier}` < `${b.Name} ${b.SetIdentifier}` ? -1 : 1));
  expect(byId(stage.txt())).toStrictEqual(byId(records));
});

const alias = { AliasTarget: { DNSName: `txt.${name}.`, HostedZoneId: 'Z', EvaluateTargetHealth: 'false' } };
const weighted = { SetIdentifier: 'blue', Weight: '1' };

it.each([
  ['an alias', alias, '', `is an alias of txt.${name}.`],
  ['an alias among weighted records', { ...weighted, ...alias }, ' with set identifier "blue"', 'is an alias of'],
  [
    'a record of a traffic policy',
    { ...weighted, TrafficPolicyInstanceId: 't' },
    ' with set identifier "blue"',
    'belongs to a traffic policy',
  ],
])('%s is named in the error, stays, and delays no other certificate', async (_, more, which, why) => {
  stage.route53.put(stage.zone.id, { ...foreign, Values: [], ...more });
  const before = stage.txt();

  await expect(stage.run([[name, `*.${name}`], [`b.${name}`]])).rejects.toThrow(
    new RegExp(
      `^${name} is due \\(no certificate is stored\\), but the TXT record${which} of ${challenge} ${why}.*, so that no challenge fits beside it; delete that record$`,
    ),
  );

  expect(issued()).toStrictEqual([`b.${name}`]);
  expect(stage.txt()).toStrictEqual(before);
  expect(stage.store.read('/sluice/dev/acme/journal')).toBe('[]');
});

it('orders two certificates whose challenges share one record', async () => {
  await stage.run([[name], [`*.${name}`, `a.${name}`]]);

  expect(stage.index().map((certificate) => [certificate.name, certificate.names])).toStrictEqual([
    [name, [name]],
    [`wildcard.${name}`, [`*.${name}`, `a.${name}`]],
  ]);
  const [shown] = changes().map(({ Changes }) =>
    Changes.map(({ ResourceRecordSet: { Name, Values } }) => [Name, Values.length]),
  );
  expect(shown).toStrictEqual([
    [challenge, 2],
    [`_acme-challenge.a.${name}`, 1],
  ]);
  expect(stage.txt()).toStrictEqual([]);
});

const cname = (Name: string, target: string) => ({ Name, Type: 'CNAME', TTL: 300, Values: [target] });
const wildcard = cname(`*.${name}`, 'lb.elsewhere.net.');

/** Each puts records into the zone of the name, and returns the zone in which the challenge is answered then. */
it.each<[string, (other: HostedZone) => HostedZone, string?]>([
  [
    'follows a CNAME into another zone, past a private twin',
    (other) => {
      stage.route53.addZone(other.name, { isPrivate: true, id: 'ZTWIN' });
      stage.route53.put(stage.zone.id, cname(challenge, `abc.${other.name}.`));
      return other;
    },
  ],
  [
    'answers in the zone itself though a wildcard’s CNAME leads elsewhere',
    () => {
      stage.route53.put(stage.zone.id, wildcard);
      return stage.zone;
    },
  ],
  [
    'follows a CNAME of the name itself, beside a wildcard’s, past another zone’s wildcard',
    (other) => {
      stage.route53.put(stage.zone.id, wildcard);
      stage.route53.put(stage.zone.id, cname(challenge, `ABC.${other.name}.`));
      stage.route53.put(other.id, cname(`*.${other.name}`, 'lb.elsewhere.net.'));
      return other;
    },
  ],
  [
    'follows the CNAME of a zone below, to which a zone of the settings delegates',
    (other) => {
      const below = stage.route53.addZone(`away.${name}`);
      const Values = below.nameServers.map((server) => `${server}.`);
      stage.route53.put(stage.zone.id, { Name: below.name, Type: 'NS', TTL: 300, Values });
      stage.route53.put(below.id, cname(`_acme-challenge.a.${below.name}`, `abc.${other.name}.`));
      return other;
    },
    `a.away.${name}`,
  ],
])('%s', async (_, arrange, of = name) => {
  const other = stage.route53.addZone('challenges.example.org');
  const { id } = arrange(other);

  await stage.run([[of, `*.${of}`]], { settings: { zones: [stage.zone.id, 'ZTWIN', other.id] } });

  expect(issued()).toStrictEqual([of]);
  expect(changes().map(({ Id }) => Id)).toStrictEqual([id, id]);
  expect(stage.route53.records(id).filter(({ Type }) => Type === 'TXT')).toStrictEqual([]);
});
