import { Route53Client } from '@aws-sdk/client-route-53';

import { type Answer, playedAws, refusal, zone } from './played-aws';

type Faults = Promise<readonly string[]>;
const { zoneFaults, recordFaults } = require('../../resources/preflight/zones.cjs') as {
  zoneFaults: (route53: Route53Client, settings: object) => Faults;
  recordFaults: (route53: Route53Client, settings: object, stage: string) => Faults;
};

const aws = playedAws();
const settings = { domain: 'shop.example.com', hostedZoneId: 'Z0SLUICETEST', dns: 'apex+wildcard' };
describe('the hosted zone', () => {
  it.each<[string, Answer, ...string[]]>([
    ['example.com', zone('example.com')],
    ['shop.example.com', zone('shop.example.com')],
    [
      ...(['another domain’s, and private too', zone('op.example.com', true)] as const),
      'hostedZoneId: Z0SLUICETEST is private; certificates and visitors need the public zone of shop.example.com',
      'hostedZoneId: Z0SLUICETEST holds op.example.com, and shop.example.com does not belong to it',
    ],
    [
      ...(['not there', refusal(404, 'NoSuchHostedZone', 'none')] as const),
      'hostedZoneId: this account has no hosted zone Z0SLUICETEST; `aws route53 list-hosted-zones` lists them',
    ],
  ])('is %s', async (_, answer, ...faults) => {
    aws.answers = [answer];

    expect(await zoneFaults(aws.client(Route53Client), settings)).toStrictEqual(faults);
  });
});

describe('records', () => {
  const records = (...sets: string[]): Answer => [
    200,
    `<ListResourceRecordSetsResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><ResourceRecordSets>
     ${sets.map((set) => `<ResourceRecordSet>${set}</ResourceRecordSet>`).join('')}</ResourceRecordSets>
     <IsTruncated>false</IsTruncated><MaxItems>100</MaxItems></ListResourceRecordSetsResponse>`,
  ];
  const value = (text: string) =>
    `<ResourceRecords><ResourceRecord><Value>${text}</Value></ResourceRecord></ResourceRecords>`;
  const own = (stage: string) =>
    `<Name>shop.example.com.</Name><Type>A</Type><SetIdentifier>sluice-${stage}-1</SetIdentifier>${value('192.0.2.1')}`;
  const entrance = (which: string, weight: number) =>
    `<Name>shop.example.com.</Name><Type>A</Type><SetIdentifier>sluice-prod-${which}</SetIdentifier>
     <Weight>${weight}</Weight><AliasTarget><HostedZoneId>Z1</HostedZoneId><DNSName>lb.example.net.</DNSName>
     <EvaluateTargetHealth>true</EvaluateTargetHealth></AliasTarget>`;
  const none = records();

  it('of this stage, of other names and of other types are in nobody’s way', async () => {
    const mail = `<Name>shop.example.com.</Name><Type>MX</Type>${value('10 mail')}`;
    const other = `<Name>www.shop.example.com.</Name><Type>A</Type>${value('192.0.2.9')}`;
    aws.answers = [records(own('prod'), entrance('proxies', 100), mail, other), none, none];

    expect(await recordFaults(aws.client(Route53Client), settings, 'prod')).toStrictEqual([]);
  });

  it('of a load balancer, of another stage and of a wildcard are told, with what to do', async () => {
    const alias = `<Name>shop.example.com.</Name><Type>AAAA</Type><AliasTarget><HostedZoneId>Z1</HostedZoneId>
      <DNSName>lb.example.net.</DNSName><EvaluateTargetHealth>false</EvaluateTargetHealth></AliasTarget>`;
    const wildcard = `<Name>\\052.shop.example.com.</Name><Type>CNAME</Type>${value('lb.example.net')}`;
    aws.answers = [records(own('prod-1'), alias), none, records(wildcard)];
    const what =
      '; delete it first, or deploy with `dns: none` and switch it afterwards (README: Beside a load balancer)';

    expect(await recordFaults(aws.client(Route53Client), settings, 'prod')).toStrictEqual([
      `dns: shop.example.com has a record of type A already, which leads to 192.0.2.1${what}`,
      `dns: shop.example.com has a record of type AAAA already, which leads to lb.example.net.${what}`,
      `dns: *.shop.example.com has a record of type CNAME already, which leads to lb.example.net${what}`,
    ]);
  });

  it.each([
    ['leads visitors there', { alb: false }, 10, 1],
    ['leads visitors there, as it shall', { alb: true }, 10, 0],
    ['leads nobody there any more', { alb: false }, 0, 0],
  ])('of the load balancer keep it while one %s', async (_, wanted, weight, count) => {
    aws.answers = [records(entrance('proxies', 100 - weight), entrance('alb', weight)), none, none];
    const faults = await recordFaults(aws.client(Route53Client), { ...settings, ...wanted }, 'prod');

    expect(faults).toStrictEqual(
      Array.from({ length: count }, () =>
        expect.stringMatching(/^alb: shop.example.com leads 10 of 100 visitors .* `albPercent: 0` first/),
      ),
    );
  });

  it('are not checked where none will be created', async () => {
    expect(await recordFaults(aws.client(Route53Client), { ...settings, dns: 'none' }, 'prod')).toStrictEqual([]);
    expect(aws.asked).toStrictEqual([]);
  });
});
