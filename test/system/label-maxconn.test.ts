import { door, doorForAll } from './edge';
import { pause, until } from './until';

/** Answers that tasks hold back, and how many they held at most. */
let held: (() => void)[] = [];
let mostHeld = 0;

doorForAll(
  { shop: '*/shop', other: '*' },
  {
    labels: { shop: { maxconn: '2' } },
    answer: (_, { url = '' }, response) => {
      if (!url.endsWith('/slow')) return 200;
      mostHeld = Math.max(
        mostHeld,
        held.push(() => response.end('done')),
      );
      return 'hangs';
    },
  },
);

/** Ends what the tasks hold, until nothing asks any more. */
async function release<Result>(asked: Promise<Result>): Promise<Result> {
  let isOver = false;
  void asked.finally(() => (isOver = true));
  while (!isOver) {
    for (const end of held.splice(0)) end();
    await pause(20);
  }
  return asked;
}
beforeEach(() => {
  held = [];
  mostHeld = 0;
});

const ask = () => door.send('GET /shop/slow HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n');
const status = (answer: string) => answer.slice(9, 12);

it('a task gets so many requests at once, as many wait, and others get 503 at once, of this service only', async () => {
  const answers: string[] = [];
  const asked = Promise.all(Array.from({ length: 12 }, () => ask().then((answer) => answers.push(answer))));
  // Two threads of HAProxy may each let one more wait.
  await until(() => answers.length >= 6);
  const refused = [...answers];
  const others = await Promise.all(Array.from({ length: 5 }, () => door.get('a.example', '/')));
  await release(asked);

  for (const answer of refused) expect(answer).toMatch(/^HTTP\/1\.1 503 [\s\S]*\r\nretry-after: 1\r\n/i);
  expect(others.map(status)).toStrictEqual(Array(5).fill('200'));
  expect(answers.filter((answer) => status(answer) === '200').length).toBeGreaterThanOrEqual(4);
  expect(mostHeld).toBe(2);
});

it('a request that waits for two seconds gets 503, and when to come back', async () => {
  const [first, second] = [ask(), ask()];
  await until(() => held.length === 2);

  expect(await ask()).toMatch(/^HTTP\/1\.1 503 [\s\S]*\r\nretry-after: 1\r\n/i);
  expect((await release(Promise.all([first, second]))).map(status)).toStrictEqual(['200', '200']);
});
