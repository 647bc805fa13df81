import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import fc from 'fast-check';

type Settings = Record<string, unknown>;
const { check, names } = require('../../resources/settings.cjs') as {
  check: (given: Settings, where: string) => Settings;
  names: string[];
};
const { derive } = require('../../resources/derived.cjs') as {
  derive: (settings: Settings, stage: string) => Settings;
};

const { load } = require('js-yaml') as { load: (yaml: string) => Record<string, object> };

const root = join(__dirname, '../..');
const needed = { domain: 'example.com', hostedZoneId: 'Z0123456789ABCDEFGHIJ' };
const beside = { vpcId: 'vpc-0123456789abcdef0', publicSubnetIds: ['subnet-0123456789abcdef0'], clusters: ['default'] };
const faults = (given: Settings): string[] => {
  try {
    check(given, 'settings.yml');
    return [];
  } catch (error) {
    return (error as Error).message.split('\n  ').slice(1);
  }
};

describe('settings', () => {
  it('that are missing or wrong are reported all at once, contradictions among them', () => {
    const given = {
      domain: '*.example.com',
      proxies: 4,
      keytype: 'rsa-2048',
      vpcId: 'vpc-0123456789abcdef0',
      helloWorld: true,
      taskInstanceTypes: ['t4g.small', 't3.small'],
    };

    expect(faults(given)).toStrictEqual([
      'domain: "*.example.com" is not a domain name such as example.com; did you mean example.com?',
      expect.stringMatching(/^hostedZoneId: is missing; it is the id of a Route 53 hosted zone such as Z/),
      'proxies: 4 is not a whole number from 1 to 3',
      'keytype: there is no such setting; did you mean keyType?',
      'publicSubnetIds: is missing: vpcId, publicSubnetIds, clusters go together',
      'clusters: is missing: vpcId, publicSubnetIds, clusters go together',
      'helloWorld: runs only in this stack’s own cluster; remove the setting',
      'taskInstanceTypes: must all have one processor, Arm (such as t4g.small) or x86 (such as t3a.small)',
    ]);
  });

  it.each<[Settings, ...string[]]>([
    [{ domain: 'https://Example.com/' }, 'domain: "https://Example.com/" is not a domain name', 'mean example.com?'],
    [{ domain: 'example.com.' }, 'domain: "example.com."', 'did you mean example.com?'],
    [{ domain: 'bücher.example' }, 'domain: "bücher.example"', 'did you mean xn--bcher-kva.example?'],
    [{ domain: 7 }, 'domain: 7 is not a domain name such as example.com'],
    [{ hostedZoneId: 'example.com' }, 'hostedZoneId: "example.com" is not the id', '`aws route53 list-hosted-zones`'],
    [{ acceptTerms: 'maybe' }, 'acceptTerms: "maybe" is not true or false'],
    [{ region: 'London' }, 'region: "London" is not an AWS region such as eu-west-2'],
    [{ contact: ['me@example.com'] }, 'contact: ["me@example.com"] is not an e-mail address'],
    [{ certificates: [['a b']] }, 'certificates: "a b" is not a domain name'],
    [{ certificates: [['a.example'], 'b.example'] }, 'certificates: "b.example" is not a list of lists of names'],
    [{ certificates: [['a.example', 'b.example'], ['a.example']] }, 'certificates: two of them begin with a.example'],
    [{ keyType: 'rsa' }, 'keyType: "rsa" is not ecdsa-p256 or rsa-2048'],
    [{ acmeDirectory: 'http://ca.example' }, 'acmeDirectory: "http://ca.example" is not production, staging or'],
    [{ acmeProfile: 'short' }, 'acmeProfile: "short" is not classic, tlsserver or shortlived'],
    [{ challengeZones: ['a'] }, 'challengeZones: "a" is not the id of a Route 53 hosted zone'],
    [{ proxies: 7 }, 'proxies: 7 is not a whole number from 1 to 3'],
    [{ proxies: true }, 'proxies: true is not a whole number from 1 to 3'],
    [{ maxTaskHosts: '' }, 'maxTaskHosts: "" is not a whole number from 1 to 100'],
    [{ dns: 'www' }, 'dns: "www" is not none, apex or apex+wildcard'],
    ...[
      '0.0.0.0/0',
      '10.0.0.0/7',
      '::/0',
      '::ffff:0:0/96',
      '0:0::/16',
      '2001::/15',
      '192.0.2.0/33',
      '192.0.2.0/24 x',
      'a',
    ].map((range): [Settings, string] => [
      { trustedProxies: [range] },
      `trustedProxies: "${range}" is not an address or a range such as 203.0.113.0/24 or 2001:db8::/32, at the widest /8 of`,
    ]),
    [{ minTls: 1.1 }, 'minTls: "1.1" is not 1.2 or 1.3'],
    [{ minTls: 'TLSv1.3' }, 'minTls: "TLSv1.3" is not 1.2 or 1.3'],
    [{ errorPages: 'nowhere' }, 'errorPages: "nowhere" is not a folder beside serverless.yml'],
    [{ errorPages: 'docs' }, 'errorPages: "adopting.md" is not one of 400, 404, 408, 502, 503, 504, with .html'],
    [{ errorPages: ['a'] }, 'errorPages: ["a"] is not the name of a folder such as pages'],
    [{ vpcCidr: '10.0.0.0/24' }, 'vpcCidr: "10.0.0.0/24" is not an IPv4 range from /16 to /23 such as 10.77.0.0/16'],
    [{ proxyInstanceType: 't3.nano' }, 'proxyInstanceType: "t3.nano" is not an instance type with an Arm processor'],
    [
      { taskInstanceTypes: [] },
      'taskInstanceTypes: [] is not a list of instance types such as [t4g.small, t4g.medium]',
    ],
    [{ ...beside, clusters: ['arn:aws:ecs:a:b:cluster/c'] }, 'clusters: "arn:aws:ecs:a:b:cluster/c" is not the name'],
    [{ taskSecurityGroupIds: ['sg-0123456789abcdef0'] }, 'taskSecurityGroupIds: needs vpcId too'],
    [{ cloudMap: true, helloWorld: false }, 'cloudMap: needs helloWorld'],
    [{ ...beside, cloudMap: true }, 'cloudMap: needs helloWorld'],
    [{ alb: 'yes', helloWorld: 'no' }, 'alb: needs helloWorld'],
    [{ ...beside, alb: true }, 'alb: needs helloWorld'],
    [{ albPercent: 10 }, 'albPercent: 10 needs alb: true'],
    [{ alb: true, albPercent: 101 }, 'albPercent: 101 is not a whole number from 0 to 100'],
    [{ alb: true, albPercent: '10', dns: 'none' }, 'albPercent: 10 needs records'],
    [{ clusters: ['default'] }, 'vpcId: is missing: vpcId, publicSubnetIds, clusters go together'],
    [{ foo: 'bar' }, 'foo: there is no such setting; settings.example.yml names all'],
    [{ email: 'a@example.com' }, 'email: there is no such setting; did you mean contact or alarmEmail?'],
    [{ taskCapacty: 'spot' }, 'taskCapacty: there is no such setting; did you mean taskCapacity?'],
    [{ prod: { proxies: 2 } }, 'prod: there is no such setting; the block of a stage stands beside `default:`'],
    [JSON.parse('{"__proto__": 1}'), '__proto__: there is no such setting; settings.example.yml names all'],
    [{ toString: 1 }, 'toString: there is no such setting; settings.example.yml names all'],
    [{ 'a\u202eb\n': 1 }, '"a\\u{202e}b\\n": there is no such setting'],
  ])('are refused in words: %j', (given, ...parts) => {
    const said = faults({ ...needed, ...given });

    for (const part of parts) expect(said).toContainEqual(expect.stringContaining(part));
  });

  it('of whatever type are taken, or refused in printable lines that begin with the name, in no parser’s words', () => {
    const anything = fc.jsonValue({ stringUnit: 'binary' } as object);

    fc.assert(
      fc.property(fc.constantFrom(...names), anything, (name, value) => {
        for (const said of faults({ ...needed, [name]: value })) {
          expect(said).toMatch(/^[^\p{C}\p{Zl}\p{Zp}]{10,300}$/u);
          expect(said).toMatch(new RegExp(`^(${name}: |(vpcId|publicSubnetIds|clusters): is missing)`));
          expect(said.replace(/: .* is not /, ': … is not ')).not.toMatch(/invalid|expected|received|too (big|small)/i);
        }
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    [{ hostedZoneId: '/hostedzone/Z0123456789' }, { hostedZoneId: 'Z0123456789' }],
    [{ challengeZones: '/hostedzone/Z0123456789' }, { challengeZones: ['Z0123456789'] }],
    [
      { acceptTerms: 'yes', alb: 'Off' },
      { acceptTerms: true, alb: false },
    ],
    [{ certificates: ['a.example', '*.a.example'] }, { certificates: [['a.example', '*.a.example']] }],
    [{ contact: null }, { domain: 'example.com' }],
    [{ minTls: 1.3 }, { minTls: '1.3' }],
    [
      { trustedProxies: '203.0.113.7, 203.0.112.0/23,2001:db8::1' },
      { trustedProxies: ['203.0.113.7/32', '203.0.112.0/23', '2001:db8::1/128'] },
    ],
  ])('are taken as they are meant: %j', (given, meant) => {
    expect(check({ ...needed, ...given }, '')).toMatchObject(meant);
  });

  it('are not more than Lambda takes, which would say so only in the middle of a deploy', () => {
    const names = (which: number) => Array.from({ length: 25 }, (_, n) => `name-${n}.zone-${which}.example`);

    expect(faults({ ...needed, certificates: [0, 1].map(names) })).toStrictEqual([]);
    expect(faults({ ...needed, certificates: [0, 1, 2, 3, 4, 5, 6].map(names) })).toStrictEqual([
      'certificates: they have more than 3000 characters together; use wildcards',
    ]);
    const ranges = (count: number) => Array.from({ length: count }, (_, n) => `203.0.${n}.0/24`);
    expect(faults({ ...needed, certificates: [0, 1].map(names), trustedProxies: ranges(90) })).toStrictEqual([]);
    expect(faults({ ...needed, certificates: [0, 1].map(names), trustedProxies: ranges(120) })).toStrictEqual([
      expect.stringMatching(/^trustedProxies: with certificates, they have \d+ characters too many for a function;/),
    ]);
  });

  it('on the command line are words: lists by comma, certificates by semicolon', () => {
    const words = { acceptTerms: 'true', helloWorld: 'false', proxies: '2', taskInstanceTypes: 't3.small, t3a.small' };

    expect(check({ ...needed, ...words, certificates: 'a.example,*.a.example;b.example' }, '--param')).toMatchObject({
      ...{ acceptTerms: true, helloWorld: false, proxies: 2, taskInstanceTypes: ['t3.small', 't3a.small'] },
      certificates: [['a.example', '*.a.example'], ['b.example']],
    });
  });

  it('beside an existing VPC have other defaults: no record, no hello-world', () => {
    const defaults = { own: false, dns: 'none', helloWorld: false, clusters: ['default'] };

    expect(derive(check({ ...needed, ...beside }, ''), 'prod')).toMatchObject(defaults);
  });
});

describe('settings.example.yml', () => {
  const text = readFileSync(join(root, 'settings.example.yml'), 'utf8');
  const { default: shown } = load(text.replace(/^ {2}# (?=[a-zA-Z]+:(?: |$))/gm, '  ')) as { default: Settings };
  const examples = ['vpcId', 'publicSubnetIds', 'clusters', 'taskSecurityGroupIds'];
  const of = (all: Settings, ...some: string[]) => Object.fromEntries(some.map((name) => [name, all[name]]));

  it('names exactly the settings that there are, with their defaults', () => {
    const others = names.filter((name) => !examples.includes(name));

    expect(Object.keys(shown)).toStrictEqual(names);
    expect(of(shown, ...others)).toStrictEqual(of(derive(check(needed, ''), 'dev'), ...others));
  });

  it('shows examples that are valid, of what has no default', () => {
    expect(faults({ ...needed, ...of(shown, ...examples) })).toStrictEqual([]);
  });
});
