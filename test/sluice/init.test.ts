import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Questions } from '../../scripts/sluice/verb';
import { playedAws } from '../resources/played-aws';
import { sluice } from './console';
import { person, zone } from './person';
import { impatient, sufferEach, wrongWords } from './suffering';

const { settingsOf } = require('../../resources/settings.cjs') as { settingsOf: (stage: string) => Promise<object> };

const aws = playedAws();
const folder = mkdtempSync(join(tmpdir(), 'sluice-init-'));
const file = join(folder, 'settings.yml');
beforeAll(() => {
  process.env.SLUICE_SETTINGS = file;
});
beforeEach(() => rmSync(file, { force: true }));
afterAll(() => {
  delete process.env.SLUICE_SETTINGS;
  rmSync(folder, { recursive: true });
});

const credentials = { accessKeyId: 'AKIALOCAL', secretAccessKey: 'secret' };
const init = (args: string, questions?: Questions) =>
  sluice(['init', ...args.split(' ').filter(Boolean)], {
    config: (region) => ({ ...impatient, region: region || 'none', endpoint: aws.endpoint(), credentials }),
    ...(questions && { questions }),
  });
const written = () => (readdirSync(folder).includes('settings.yml') ? readFileSync(file, 'utf8') : undefined);

const listing = (...HostedZones: readonly object[]) => {
  aws.says.ListHostedZones = { HostedZones, IsTruncated: false, MaxItems: 100 };
};

describe('with flags', () => {
  const flags = '--domain example.com --hosted-zone-id /hostedzone/Z0SLUICETEST --accept-terms';

  it('writes what a person would write, asks AWS nothing, and shows the price', async () => {
    const { code, output, complaints } = await init(`${flags} --email o'brien@example.com --region us-east-1`);

    expect([code, complaints, aws.calls]).toStrictEqual([0, '', []]);
    expect(
      written(),
    ).toBe(`# Written by \`npx sluice init\`. settings.example.yml lists all other settings, and explains each.
default:
  # The domain of your services, and the hosted zone of Route 53 that holds it.
  domain: example.com
  hostedZoneId: Z0SLUICETEST
  # Whether you accept the terms of the certificate authority: https://letsencrypt.org/repository/
  acceptTerms: true
  region: us-east-1
  # For the certificate authority. Alarms are mailed there too, unless alarmEmail names another address.
  contact: o'brien@example.com
  proxyInstanceType: t4g.nano
`);
    expect(await settingsOf('default')).toMatchObject({ domain: 'example.com', alarmEmail: "o'brien@example.com" });
    expect(output.replace(/\s+/g, ' ')).toMatch(
      /^About \$\d+\.\d\d a month in us-east-1 for 3 small tasks .* own part of it is \$\d.* Next: `npx sluice check`, /,
    );
  });

  it('keeps a file that is there, and says so before anything else; --force replaces it', async () => {
    writeFileSync(file, 'default: {}\n');
    const kept = await init('--size nonsense');
    const before = written();
    const replaced = await init(`${flags} --force`);

    expect([kept.code, before]).toStrictEqual([1, 'default: {}\n']);
    expect(kept.complaints).toMatch(/is there already, and init keeps it: edit it, or replace it by --force\.\n$/);
    expect([replaced.code, replaced.complaints]).toStrictEqual([0, `This replaces ${file}.\n`]);
    expect(written()).toContain('domain: example.com');
  });

  it.each([
    ['', /so these are missing: --domain, and --accept-terms \(it means that .*repository\/\)\.\n$/],
    ['--accept-terms --yes', /these are missing: --domain\.\n$/],
    [
      `--domain Example.com/ --region London`,
      /--domain: .* did you mean example\.com\?\n +--region: "London" is not an /,
    ],
    ['--size t3.nano', /--size: "t3\.nano" is not an instance type with an Arm processor such as t4g\.nano\n$/],
  ])('%j is wrong: exit code 2, and nothing is written', async (args, says) => {
    const { code, complaints } = await init(args);

    expect([code, written()]).toStrictEqual([2, undefined]);
    expect(complaints).toMatch(says);
  });

  it('says so when the file cannot be written, and leaves nothing beside it', async () => {
    process.env.SLUICE_SETTINGS = join(folder, 'none', 'settings.yml');
    const { code, complaints } = await init(flags);
    process.env.SLUICE_SETTINGS = file;

    expect([code, readdirSync(folder)]).toStrictEqual([1, []]);
    expect(complaints).toMatch(
      /none\/settings\.yml cannot be written, so nothing was written: .*Check its folder\.\n$/,
    );
  });
});

describe('finds the hosted zone', () => {
  const find = (domain: string) => init(`--domain ${domain} --accept-terms`);

  it('of the domain, or the nearest one above it, and no private one', async () => {
    listing(
      zone('Z0COM', 'example.com'),
      zone('Z0SHOP', 'shop.example.com'),
      zone('Z0VPC', 'a.shop.example.com', true),
    );

    expect((await find('a.shop.example.com')).code).toBe(0);
    expect(written()).toContain('hostedZoneId: Z0SHOP');
  });

  it('or says which there are', async () => {
    listing(zone('Z0ONE', 'example.com'), zone('Z0TWO', 'example.com'));
    const [several, none] = [await find('example.com'), await find('example.org')];

    expect([several.code, none.code, written()]).toStrictEqual([2, 2, undefined]);
    expect(several.complaints).toContain('name one by --hosted-zone-id: Z0ONE (5 records), Z0TWO (5 records).');
    expect(none.complaints).toContain('no public hosted zone that holds example.org: create one, or name it by --');
  });

  it('one sentence for whatever AWS answers, and nothing is written', async () => {
    listing(zone('Z0SLUICETEST', 'example.com'));
    const suffered = await sufferEach(aws, 'user', async () => {
      rmSync(file, { force: true });
      return find('example.com');
    });

    expect(suffered.flatMap(wrongWords)).toStrictEqual([]);
    for (const { said } of suffered)
      expect(said.complaints).toMatch(/^sluice: The hosted zones .* --hosted-zone-id\.\n$/);
    expect(written()).toBeUndefined();
  });
});

describe('asks a person', () => {
  const all = {
    ...{ 'In which hosted zone': 'example.com', 'Which domain': 'shop.example.com', 'Which region': '' },
    ...{ 'Which e-mail': '', 'Which size': 't4g.micro', 'accept its terms': true },
  };

  it('with the hosted zones of the account, and proposes an answer', async () => {
    listing(zone('Z0COM', 'example.com'), zone('Z0ORG', 'example.org'));
    const { asked, questions } = person(all);
    const { code, output } = await init('', questions);

    expect([code, asked.length]).toStrictEqual([0, 6]);
    expect(output).toMatch(/Sluice's own\s+part of it is \$11\.25/);
    expect(await settingsOf('default')).toMatchObject({
      ...{ domain: 'shop.example.com', hostedZoneId: 'Z0COM', acceptTerms: true },
      ...{ contact: 'hostmaster@shop.example.com', region: 'eu-west-2', proxyInstanceType: 't4g.micro' },
    });
  });

  it('for the zone’s id where AWS does not list them, and says why', async () => {
    aws.faults.next('route53:ListHostedZones', 'denied');
    const { questions } = person({ ...all, 'id of the hosted zone': 'Z0TYPED' });
    const { code, complaints } = await init('', questions);

    expect(code).toBe(0);
    expect(complaints.replace(/\s+/g, ' ')).toMatch(
      /^The hosted zones .* you may not call route53:ListHostedZones\. Give your user the permissions in docs\/deploy-p/,
    );
    expect(written()).toContain('hostedZoneId: Z0TYPED');
  });

  it('who does not accept the terms gets a file that says so', async () => {
    const { questions } = person({ ...all, 'accept its terms': false });
    const { code, output } = await init('--hosted-zone-id Z0SLUICETEST --domain example.com', questions);

    expect(code).toBe(0);
    expect(written()).toContain('acceptTerms: false');
    expect(output.replace(/\s+/g, ' ')).toContain('set acceptTerms to true in it when you accept');
  });

  it.each(Object.keys(all))('who breaks off at "%s" leaves nothing behind', async (name) => {
    listing(zone('Z0COM', 'example.com'), zone('Z0ORG', 'example.org'));
    const { questions } = person(Object.fromEntries(Object.entries(all).filter(([each]) => each !== name)));
    const { code, complaints } = await init('', questions);

    expect([code, complaints, readdirSync(folder)]).toStrictEqual([1, 'sluice: Stopped: nothing was written.\n', []]);
  });

  it('nothing that flags or --yes answer', async () => {
    listing(zone('Z0COM', 'example.com'));
    const { asked, questions } = person({});
    const flags = '--domain example.com --accept-terms';

    expect((await init(`${flags} --yes`, questions)).code).toBe(0);
    rmSync(file);
    const rest = '--hosted-zone-id Z0COM --region eu-west-2 --email me@example.com --size t4g.nano';
    expect((await init(`${flags} ${rest}`, questions)).code).toBe(0);
    expect(asked).toStrictEqual([]);
  });
});
