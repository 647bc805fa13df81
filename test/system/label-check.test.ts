import { door, doorForAll } from './edge';
import { until } from './until';

/** What tasks answer to checks, and which came. */
const answers: Record<string, number> = { statuses: 401 };
const checked: Record<string, (string | undefined)[]> = {};
const checksOf = (name: string) => checked[name]?.length ?? 0;

doorForAll(
  { usual: '*', rare: '*/rare', statuses: '*/statuses', slow: '*/slow', careful: '*/careful', other: 'a.example' },
  {
    labels: {
      usual: { check: '/health' },
      rare: { check: '/health', 'check.interval': '4s' },
      statuses: { check: '/health', 'check.status': '200,400-401', 'check.fall': '1' },
      slow: { check: '/health', 'check.interval': '3s', 'check.timeout': '3s' },
      careful: { check: '/health', 'check.rise': '3', 'check.fall': '1' },
      other: { check: '/health', 'check.host': 'inside.example' },
    },
    answer: (name, { headers }, response) => {
      if (headers['user-agent'] !== 'sluice') return 200;
      checked[name] = [...(checked[name] ?? []), headers.host];
      if (name !== 'slow') return answers[name] ?? 200;
      setTimeout(() => response.end(), 1_500);
      return 'hangs';
    },
  },
);

const status = (name: string) => door.instance.status(`demo.${name}`, name);
const isDown = (name: string) => until(async () => `${await status(name)}`.startsWith('DOWN'));

it('a check has the host of its label', () => {
  expect([new Set(checked.other), new Set(checked.usual)]).toStrictEqual([
    new Set(['inside.example']),
    new Set(['localhost']),
  ]);
});

it('a task whose checks take longer than a second is served with a longer time-out', async () => {
  expect(await status('slow')).toBe('UP');
  expect(await door.get('b.example', '/slow')).toMatch(/^HTTP\/1\.1 200 /);
});

it('a task that is well is checked as rarely as its label says', async () => {
  const [usual, rare] = [checksOf('usual'), checksOf('rare')];

  await until(() => checksOf('usual') >= usual + 5);

  expect(checksOf('rare') - rare).toBeLessThanOrEqual(2);
});

it('only the statuses of the label pass, and one failure takes out a task whose label says so', async () => {
  answers.statuses = 402;
  await isDown('statuses');
  expect(await door.get('b.example', '/statuses')).toMatch(/^HTTP\/1\.1 503 /);

  answers.statuses = 400;
  await door.isUp('statuses');
});

it('a task that must pass three checks gets no request before', async () => {
  answers.careful = 500;
  await isDown('careful');
  answers.careful = 200;
  const before = checksOf('careful');

  await until(async () => /^HTTP\/1\.1 200 /.test(await door.get('b.example', '/careful')));

  expect(checksOf('careful') - before).toBeGreaterThanOrEqual(3);
});
