import { Resolver } from 'node:dns/promises';

import { AwsError } from '../../scripts/local/api/errors';
import { account, whole } from './played-account';
import { playedAws, zone } from './played-aws';
import { delegated, playedDns } from './played-dns';
import { deploying } from './plugin';

const aws = playedAws();
const world = playedDns();

/** What the plugin says before a deploy, the settings being the defaults but these. */
const said = (settings: object = {}, options = {}) => deploying(aws, settings, options);

const noZone = new AwsError('NoSuchHostedZone', 'none', 404);
const faults = async (settings: object = {}) => (await said(settings)).stopped?.split('\n  ').slice(1) ?? [];

describe('the hosted zone', () => {
  it.each<[string, object, ...string[]]>([
    ['shop.example.com', zone('shop.example.com')],
    [
      ...(['another domain’s, and private too', zone('op.example.com', true)] as const),
      'hostedZoneId: Z0SLUICETEST is private; certificates and visitors need the public zone of shop.example.com',
      'hostedZoneId: Z0SLUICETEST holds op.example.com, and shop.example.com does not belong to it',
    ],
    [
      ...(['not there', noZone] as const),
      'hostedZoneId: this account has no hosted zone Z0SLUICETEST; `aws route53 list-hosted-zones` lists them',
    ],
  ])('is %s', async (_, answer, ...expected) => {
    const NS = ['ns-1.example.awsdns.test.'];
    world.records = [...delegated, { Name: 'shop.example.com', Type: 'NS', TTL: 60, Values: NS }];
    aws.says = { ...account(), GetHostedZone: answer };

    expect(await faults()).toStrictEqual(expected);
  });
});

describe('records', () => {
  const record = (Name: string, Type: string, more: object) => ({ Name, Type, ...more });
  const to = (Value: string) => ({ ResourceRecords: [{ Value }] });
  const toBalancer = { AliasTarget: { HostedZoneId: 'Z1', DNSName: 'lb.example.net.', EvaluateTargetHealth: true } };
  const own = (which: string, more: object) =>
    record('shop.example.com.', 'A', { SetIdentifier: `sluice-${which}`, ...more });

  it('of this stage, of other names and of other types stop no deploy', async () => {
    const mail = record('shop.example.com.', 'MX', to('10 mail'));
    const other = record('www.shop.example.com.', 'A', to('192.0.2.9'));
    const ours = [own('prod-1', to('192.0.2.1')), own('prod-proxies', { Weight: 100, ...toBalancer })];
    aws.says = account({ records: [...ours, mail, other] });

    expect(await faults()).toStrictEqual([]);
  });

  it('of a load balancer, of another stage and of a wildcard are reported, with what to do', async () => {
    const wildcard = record('\\052.shop.example.com.', 'CNAME', to('lb.example.net'));
    const alias = record('shop.example.com.', 'AAAA', toBalancer);
    aws.says = account({ records: [own('prod-1-1', to('192.0.2.1')), alias, wildcard] });
    const what = '; delete it first, or deploy with `dns: none` and switch it afterwards (docs/adopting.md)';

    expect(await faults()).toStrictEqual([
      `dns: shop.example.com has a record of type A already, which leads to 192.0.2.1${what}`,
      `dns: shop.example.com has a record of type AAAA already, which leads to lb.example.net.${what}`,
      `dns: *.shop.example.com has a record of type CNAME already, which leads to lb.example.net${what}`,
    ]);
  });

  it.each([
    ['leads visitors there', { alb: false }, 10, 1],
    ['leads visitors there, as it shall', { alb: true }, 10, 0],
    ['leads no visitor there any more', { alb: false }, 0, 0],
  ])('of the load balancer keep it while one %s', async (_, wanted, weight, count) => {
    const weights = Object.entries({ proxies: 100 - weight, alb: weight });
    aws.says = account({ records: weights.map(([which, Weight]) => own(`prod-${which}`, { Weight, ...toBalancer })) });

    expect(await faults(wanted)).toStrictEqual(
      Array(count).fill(
        expect.stringMatching(/^alb: shop.example.com leads 10 of 100 visitors .* `albPercent: 0` first/),
      ),
    );
  });

  it('are not checked where none will be created', async () => {
    aws.says = account();

    expect(await faults({ dns: 'none' })).toStrictEqual([]);
    expect(aws.asked.filter((asked) => asked.includes('/rrset'))).toStrictEqual([]);
  });
});

describe('the world’s DNS', () => {
  const caa = (name: string, ...values: string[]) => ({ Name: name, Type: 'CAA', TTL: 60, Values: values });

  it('leads the zone to others: a first deploy stops, unless it is forced, and a later one gets a hint', async () => {
    world.records = [{ Name: 'example.com', Type: 'NS', TTL: 60, Values: ['ns1.registrar.test.'] }];
    const fault =
      /hosted zone Z0SLUICETEST: by public DNS example.com has the name servers ns1.registrar.test, so no certificate can be issued. Enter .* ns-1.example.awsdns.test, ns-2/;

    aws.says = account();
    expect((await said()).stopped).toMatch(fault);
    expect((await said()).stopped).toMatch(/If public DNS differs from what this machine sees, deploy with --force$/);
    expect(await said({}, { force: true })).toMatchObject({
      stopped: undefined,
      hints: [expect.stringMatching(fault)],
    });

    aws.says = account(whole);
    expect(await said()).toStrictEqual({ stopped: undefined, hints: [expect.stringMatching(fault)], forced: false });
  });

  it('may know the zone’s name servers by names of the owner’s', async () => {
    const asking = new Resolver();
    asking.setServers([world.resolver()]);
    const Values = await asking.resolve4('ns-2.example.awsdns.test');
    const own = { Name: 'ns1.example.com', Type: 'A', TTL: 60, Values };
    world.records = [{ Name: 'example.com', Type: 'NS', TTL: 60, Values: ['ns1.example.com.'] }, own];
    aws.says = account();

    expect((await said()).stopped).toBeUndefined();
  });

  const both = ['shop.example.com', '*.shop.example.com'];
  const [zoneOnly, wildcardOnly] = [both.slice(0, 1), both.slice(1)];
  const toWildcards = ['0 issue ";"', '0 issuewild "letsencrypt.org"'];
  const withParameters = '0 issue "LetsEncrypt.org; validationmethods=dns-01"';
  it.each([
    ['one that names another', caa('example.com', '0 issue "ca.example.net"'), both],
    ['one that allows no authority', caa('shop.example.com', '0 issue ";"'), both],
    ['one for wildcards alone', caa('com', '0 issuewild "ca.example.net"'), wildcardOnly],
    ['one that lets wildcards alone', caa('example.com', ...toWildcards), zoneOnly],
    ['one with parameters', caa('example.com', withParameters), []],
    ['one with an address for reports only', caa('example.com', '0 iodef "mailto:you@example.com"'), []],
  ])('has CAA records: %s', async (_, record, names) => {
    world.records = [...delegated, record];
    aws.says = account();

    expect(await faults()).toStrictEqual(
      names.map((name) =>
        expect.stringContaining(`CAA records of ${record.Name} do not let letsencrypt.org issue for ${name}: add`),
      ),
    );
  });

  it('has CAA records of no concern to another authority', async () => {
    world.records = [...delegated, caa('example.com', '0 issue ";"')];
    aws.says = account();

    expect((await said({ acmeDirectory: 'https://ca.example.net/directory' })).stopped).toBeUndefined();
  });

  it('is asked about the zones of the challenges too', async () => {
    aws.says = account();
    const ofChallenges = [zone('challenges.example.net'), noZone];
    aws.says.GetHostedZone = (asked) => (asked.includes('Z0OTHER') && ofChallenges.shift()) || zone('example.com');

    expect((await said({ challengeZones: ['Z0OTHER'] })).stopped).toContain(
      'by public DNS challenges.example.net has no name servers',
    );
    expect((await said({ challengeZones: ['Z0OTHER'] })).stopped).toContain(
      'challengeZones: this account has no hosted zone Z0OTHER; `aws route53 list-hosted-zones` lists them',
    );
  });

  it('does not answer: that is a hint, and stops nothing', async () => {
    process.env.SLUICE_RESOLVER = '127.0.0.1:9';
    aws.says = account();

    expect(await said()).toStrictEqual({
      stopped: undefined,
      hints: [
        'not checked: the delegation of hosted zone Z0SLUICETEST, because DNS did not return the name servers of example.com (ECONNREFUSED)',
        expect.stringMatching(/^not checked: CAA records, because DNS did not return the CAA records of /),
      ],
      forced: false,
    });
  });
});
