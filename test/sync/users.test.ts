import { usersName } from '../../lib/edge/auth';
import { userLines, withUsers } from '../../lib/edge/users';

const sha256 = `$5$saltsaltsaltsalt$${'h'.repeat(43)}`;
const sha512 = `$6$rounds=5000$s.lt/$${'h'.repeat(86)}`;
const lines = (text: string) => userLines('/sluice/test/auth/demo.shop/staff:4', text);

it('takes users with hashes of SHA-256 and SHA-512, comments and blank lines', () => {
  expect(lines(`# staff\r\n\n  ann:${sha256} \r\nb.o+b@example.com:${sha512}`)).toBe(
    `    user ann password ${sha256}\n    user b.o+b@example.com password ${sha512}\n`,
  );
});

const many = Array.from({ length: 101 }, (_, n) => `user-${n}:${sha256}\n`).join('');
const wrong = 'line 1 of /sluice/test/auth/demo.shop/staff:4 is not ';

it.each([
  ['bcrypt', `ann:$2y$10$${'h'.repeat(53)}`, wrong],
  ['MD5', `ann:$1$salt$${'h'.repeat(22)}`, wrong],
  ['plain text', 'ann:secret', wrong],
  ['too many rounds', `ann:${sha512.replace('5000', '5001')}`, wrong],
  ['as many rounds as fit', `ann:${sha512.replace('5000', '999999999')}`, wrong],
  ['a hash that is too short', `ann:${sha256.slice(0, -1)}`, wrong],
  ['a hash with something behind it', `ann:${sha256} insecure-password`, wrong],
  ['a name that HAProxy reads as another word', `ann bob:${sha256}`, wrong],
  ['a name in quotation marks', `"ann":${sha256}`, wrong],
  ['a name that is a variable', `$HOME:${sha256}`, wrong],
  ['no name', `:${sha256}`, wrong],
  ['another line end', `ann:${sha256}\rbob:${sha256}`, wrong],
  ['a user twice', `ann:${sha256}\nann:${sha512}`, 'line 2 of /sluice/test/auth/demo.shop/staff:4 names a user again'],
  ['nobody', '# nobody\n', 'names no user'],
  ['too many', many, 'names more than 100 users'],
])('refuses %s, without quoting it', (_, text, says) => {
  const said = (() => {
    try {
      return lines(text);
    } catch (error) {
      return (error as Error).message;
    }
  })();
  expect(said).toContain(says);
  expect(said).not.toMatch(/ann|secret|h{20}|HOME/);
});

describe('the userlists of a generation', () => {
  const file = (...lists: string[]) => [{ name: usersName, text: lists.map((list) => `userlist ${list}\n`).join('') }];
  const source = (modified: number, value = `ann:${sha256}`) => ({
    prefix: '/sluice/test',
    parameters: { get: async (name: string) => ({ name, version: 1, value, modified }) },
  });
  const away = { ...source(0), parameters: { get: async () => Promise.reject(new Error('AWS is away')) } };

  it('do not take an older answer, which is of a parameter that was deleted since', async () => {
    const { faults } = await withUsers(source(99.9), file('demo.shop.staff.1.100'), []);
    expect(faults).toStrictEqual([
      '/sluice/test/auth/demo.shop/staff:1 is missing in Parameter Store; nobody may enter',
    ]);
  });

  it('are fetched again when a parameter was deleted and created again, with the same version', async () => {
    const { files: installed } = await withUsers(source(100.5), file('demo.shop.staff.1.100'), []);
    const { files } = await withUsers(source(200, `bob:${sha256}`), file('demo.shop.staff.1.200'), installed);
    expect(files[0]?.text).toContain('user bob');
    expect(files[0]?.text).not.toContain('user ann');
  });

  it('take installed users only of the same secret', async () => {
    const { files: installed } = await withUsers(source(1), file('demo.shop.staff.1.0', 'demo..job.staff.1.0'), []);
    const lists = ['demo.shop.staff.2.0', 'demo.shop.other.1.0', 'demo.api.staff.1.0', 'demo..job.staff.1.0', 'odd'];

    const { files, faults } = await withUsers(away, file(...lists), installed);

    expect(faults).toStrictEqual([
      'AWS is away; nobody may enter',
      'AWS is away; nobody may enter',
      'AWS is away; the users of before still count',
      'a userlist below /sluice/test names no version of a secret; nobody may enter',
    ]);
    const filled = files[0]?.text.split(/^userlist /m).filter((list) => list.includes('user ann'));
    expect(filled?.map((list) => list.split('\n')[0])).toStrictEqual([lists[0], lists[3]]);
  });
});
