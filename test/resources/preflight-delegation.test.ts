import { Resolver } from 'node:dns/promises';

import { account, whole } from './played-account';
import { playedAws, refusal, zone } from './played-aws';
import { delegated, playedDns } from './played-dns';
import { deploying } from './plugin';

const aws = playedAws();
const world = playedDns();

/** What the plugin says before a deploy, the settings being the defaults but these. */
const said = (settings: object = {}, options = {}) => deploying(aws, settings, options);

describe('the world’s DNS', () => {
  const caa = (name: string, ...values: string[]) => ({ Name: name, Type: 'CAA', TTL: 60, Values: values });

  it('leads the zone to others: a first deploy stops, unless it is forced, and a later one is told', async () => {
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
    ['one that names nobody', caa('shop.example.com', '0 issue ";"'), both],
    ['one for wildcards alone', caa('com', '0 issuewild "ca.example.net"'), wildcardOnly],
    ['one that lets wildcards alone', caa('example.com', ...toWildcards), zoneOnly],
    ['one with parameters', caa('example.com', withParameters), []],
    ['one that says only whom to tell', caa('example.com', '0 iodef "mailto:you@example.com"'), []],
  ])('has CAA records: %s', async (_, record, names) => {
    world.records = [...delegated, record];
    aws.says = account();

    const faults = (await said()).stopped?.split('\n  ').slice(1) ?? [];

    expect(faults).toStrictEqual(
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
    const ofChallenges = [zone('challenges.example.net'), refusal(404, 'NoSuchHostedZone', 'none')];
    aws.says.GetHostedZone = (asked) => (asked.includes('Z0OTHER') && ofChallenges.shift()) || zone('example.com');

    expect((await said({ challengeZones: ['Z0OTHER'] })).stopped).toContain(
      'by public DNS challenges.example.net has no name servers',
    );
    expect((await said({ challengeZones: ['Z0OTHER'] })).stopped).toContain(
      'challengeZones: this account has no hosted zone Z0OTHER; `aws route53 list-hosted-zones` lists them',
    );
  });

  it('does not answer: that is told, and no obstacle', async () => {
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
