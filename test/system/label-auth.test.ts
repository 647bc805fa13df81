import { execFileSync } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { usersName } from '../../lib/edge/auth';
import type { Labels } from '../../lib/edge/label';
import { render } from '../../lib/haproxy/render';
import { door, doorForAll } from './edge';
import { ask, startLoad, stopTasks } from './haproxy-tasks';
import { keptPart, releases } from './released';
import { until } from './until';

const hashed = (password: string, kind = '-6') => execFileSync('openssl', ['passwd', kind, password]).toString().trim();
const user = (name: string, password: string, kind?: string) => `${name}:${hashed(password, kind)}`;
const basic = (login: string) => `Authorization: Basic ${Buffer.from(login).toString('base64')}`;
const staff = (version: number) => ({ shop: { auth: `staff.${version}.0` } });
const keepSecret = (name: string, text: string, instance = door.instance) =>
  instance.put(`/sluice/test/auth/${name}`, text, 'SecureString');
const publish = (labels: Readonly<Record<string, Labels>>) => {
  const backends = door.backends.map((each) => ({ ...each, labels: labels[each.service] ?? {} }));
  return door.instance.publishFiles(render({ backends, certified: [] }));
};
const long = 'x'.repeat(240);
const people = `# people\n${user('long', long)}\n${user('ann', 'right')}\r\n\n${user('bob@example.com', 'also', '-5')}\n`;

doorForAll(
  { shop: 'shop.example', free: 'free.example' },
  {
    labels: staff(1),
    prepare: (instance) => keepSecret('default.shop/staff', people, instance),
  },
);
afterAll(stopTasks);

const login = (text: string) => ({ Host: 'shop.example', Authorization: basic(text).replace(/^\S+ /, '') });
const statusOf = async (text: string, localAddress = '127.0.0.1', headers: Record<string, string> = login(text)) =>
  (await ask(door.instance.host, { headers, localAddress })).slice(0, 3);
const freeAnswers = async () => (await door.get('free.example')).slice(9, 12);
const usersFile = () => join(door.instance.path.live, 'haproxy', usersName);

describe('basic authentication', () => {
  it.each([
    ['nobody', [], '401', []],
    ['a user', [basic('ann:right')], '200', ['x-forwarded-user: ann']],
    [
      'another user, with a hash of the other kind',
      [basic('bob@example.com:also')],
      '200',
      ['x-forwarded-user: bob@example.com'],
    ],
    [
      'a user who says that he is another',
      [basic('ann:right'), 'X-Forwarded-User: root'],
      '200',
      ['x-forwarded-user: ann'],
    ],
    ['a wrong password', [basic('ann:wrong')], '401', []],
    ['an unknown user', [basic('root:right')], '401', []],
    ['an empty login', [basic(':')], '401', []],
    ['a token', ['Authorization: Bearer right'], '401', []],
    ['a password of another kind before a right one', ['Authorization: Bearer x', basic('ann:right')], '401', []],
    ['a header that would cost long to compute', [basic(`long:${long}`)], '401', []],
  ])('answers %s', async (_, headers, status, seen) => {
    const answer = await door.get('shop.example', '/', headers);

    expect(answer.slice(9, 12)).toBe(status);
    if (status === '401') expect(answer).toMatch(/\r\nwww-authenticate: Basic realm="staff"\r\n/i);
    const arrived = door.reached().flatMap((request) => request.headers);
    expect(arrived.filter((header) => /^(authorization|x-forwarded-user):/i.test(header))).toStrictEqual(seen);
    expect(door.reached()).toHaveLength(status === '200' ? 1 : 0);
  });

  it('counts no request without a login, or with one of another kind, as a wrong password', async () => {
    const twelve = (headers: object) =>
      Array.from({ length: 12 }, () => statusOf('', '127.0.0.8', { Host: 'shop.example', ...headers }));
    const others = await Promise.all([...twelve({}), ...twelve({ Authorization: 'Bearer x' })]);
    expect([...new Set(others)]).toStrictEqual(['401']);
    expect(await statusOf('ann:right', '127.0.0.8')).toBe('200');
  });

  it('asks for a password by every method, and of no other service', async () => {
    for (const method of ['HEAD', 'OPTIONS', 'POST'])
      expect((await door.get('shop.example', '/', [], method)).slice(9, 12)).toBe('401');
    expect(await freeAnswers()).toBe('200');
  });

  it('keeps the users from everybody but root', () => {
    expect(statSync(usersFile()).mode & 0o777).toBe(0o600);
  });
});

describe('a thousand wrong passwords', () => {
  it('cost few hashes, and no request of another service', async () => {
    const load = startLoad(door.instance.host, { headers: { Host: 'free.example' } });
    const statuses: string[] = [];
    const guess = async () => {
      for (let n = 0; n < 250; n++) statuses.push(await statusOf(`ann:${n}`, '127.0.0.9'));
    };
    await Promise.all([guess(), guess(), guess(), guess()]);

    expect(Object.keys(await load.stop())).toStrictEqual(['200 free']);
    expect(statuses.filter((status) => status === '401').length).toBeLessThan(25);
    expect(statuses.filter((status) => status === '429').length).toBeGreaterThan(975);
    // The address waits, others do not.
    expect([await statusOf('ann:right', '127.0.0.9'), await statusOf('ann:right')]).toStrictEqual(['429', '200']);
  });
});

describe('a changed secret', () => {
  it('counts after one reload, and is fetched once', async () => {
    keepSecret('default.shop/staff', user('ann', 'changed'));
    const isAbout = ({ input }: { input: unknown }) => /\/auth\/|05-users/.test(JSON.stringify(input));
    const before = door.instance.api.calls.filter(isAbout).length;

    const outcome = await door.instance.sync(publish(staff(2)));
    const again = await door.instance.sync(0);

    expect(outcome).toMatchObject({ code: 0, report: { changed: 'structure', how: 'by a reload' } });
    expect(again).toMatchObject({ code: 0, report: { changed: 'nothing' } });
    expect(door.instance.api.calls.filter(isAbout).slice(before)).toMatchObject([
      { input: { Names: expect.arrayContaining([expect.stringContaining('05-users.cfg')]) } },
      { input: { Name: '/sluice/test/auth/default.shop/staff:2', WithDecryption: true } },
    ]);
    expect([await statusOf('ann:right'), await statusOf('ann:changed')]).toStrictEqual(['401', '200']);
  });

  it.each([
    ['bcrypt', '$2y$10$abcdefghijklmnopqrstuuS5JpXh3UYYr3eOqPYBJLmfCWdSJSP4K'],
    ['plain text', 'hunter2-in-plain-text'],
    ['a directive', `x\n    user evil insecure-password evil`],
  ])('that is %s is a fault without its text; the users of before count', async (_, password) => {
    const version = keepSecret('default.shop/staff', `${user('ann', 'new')}\nmallory:${password}\n`);

    const outcome = await door.instance.sync(publish(staff(version)));

    const why = `line 2 of /sluice/test/auth/default.shop/staff:${version} is not <user>:<hash> `;
    expect(outcome).toMatchObject({ code: 2, report: { failed: expect.stringContaining(why) } });
    for (const secret of ['$2y$', 'hunter2', 'evil', 'mallory', 'ann']) expect(outcome.output).not.toContain(secret);
    expect(readFileSync(usersFile(), 'utf8')).not.toMatch(/mallory|evil/);
    expect([await statusOf('ann:changed'), await statusOf('evil:evil')]).toStrictEqual(['200', '401']);
    expect(await freeAnswers()).toBe('200');
  });

  it('that is not there lets nobody in, and counts once it is', async () => {
    const generation = publish({ ...staff(2), free: { auth: 'people.1.0' } });
    expect(await door.instance.sync(generation)).toMatchObject({
      code: 2,
      report: {
        failed: expect.stringContaining('default.free/people:1 is missing in Parameter Store; nobody may enter'),
      },
    });
    expect([await freeAnswers(), await statusOf('ann:changed')]).toStrictEqual(['401', '200']);

    keepSecret('default.free/people', user('zoe', 'in'));
    expect(await door.instance.sync(0)).toMatchObject({ code: 0, report: { changed: 'structure' } });

    expect((await door.get('free.example', '/', [basic('zoe:in')])).slice(9, 12)).toBe('200');
  });

  it.each([
    ['damaged', (text: string) => text.replace(/user ann .*/, 'user ann password x')],
    ['cut off', (text: string) => text.slice(0, 60)],
    ['without a user', (text: string) => text.replace(/ {4}user ann .*\n/, '')],
  ])('is fetched again when its file is %s', async (_, damage) => {
    const right = readFileSync(usersFile(), 'utf8');
    writeFileSync(usersFile(), damage(right));

    expect(await door.instance.sync(0)).toMatchObject({ code: 0 });
    expect(readFileSync(usersFile(), 'utf8')).toBe(right);
  });
});

it.each(releases())(
  'a proxy that runs the released %s sync lets nobody in, until it runs this one',
  async (release) => {
    const file = join(door.instance.path.folder, 'sync.sh');
    const today = readFileSync(file, 'utf8');
    const script = keptPart(release, 'sync.sh').replaceAll('/sluice/dev', '/sluice/test');
    writeFileSync(file, script.replace("'{{ Generation }}'", '"$1"'));

    expect(await door.instance.sync(publish({ shop: { auth: 'staff.2.0' } }))).toMatchObject({ code: 0 });
    expect([await statusOf('ann:changed'), await freeAnswers()]).toStrictEqual(['401', '200']);

    writeFileSync(file, today);
    expect(await door.instance.sync(0)).toMatchObject({ code: 0 });
    await until(async () => (await statusOf('ann:changed')) === '200');
  },
);
