import { fifoQueue, type Message } from '../../scripts/local/events/sqs';

const at = { now: 0 };
let dead: Message[];
const queue = () =>
  fifoQueue(
    { QueueName: 'q', VisibilityTimeout: 35, ContentBasedDeduplication: true, RedrivePolicy: { maxReceiveCount: 2 } },
    (message) => dead.push(message),
    () => at.now,
  );
const bodies = (messages: readonly Message[]) => messages.map(({ body }) => body);

beforeEach(() => {
  at.now = 1_000_000;
  dead = [];
});

it('hands out up to ten of a group, in order', () => {
  const fifo = queue();
  for (let n = 0; n < 12; n++) fifo.send(`${n}`, 'g');

  expect(bodies(fifo.receive())).toStrictEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
});

it('blocks a group while one of its messages is in flight, and no other group', () => {
  const fifo = queue();
  fifo.send('a', 'g');
  fifo.receive();
  fifo.send('b', 'g');
  fifo.send('c', 'h');

  expect(bodies(fifo.receive())).toStrictEqual(['c']);
  expect(bodies(fifo.receive())).toStrictEqual([]);
});

it('goes on with the group once its messages are removed', () => {
  const fifo = queue();
  fifo.send('a', 'g');
  fifo.send('b', 'g');
  const [first] = fifo.receive(1);
  fifo.remove(first?.handle ?? '');

  expect(bodies(fifo.receive())).toStrictEqual(['b']);
});

it('brings back what failed when its visibility ends, first in line and counted', () => {
  const fifo = queue();
  fifo.send('a', 'g');
  fifo.receive();
  fifo.send('b', 'g');
  at.now += 35_001;

  expect(fifo.receive().map(({ body, receives }) => [body, receives])).toStrictEqual([
    ['a', 2],
    ['b', 1],
  ]);
});

it('counts a changed visibility from now', () => {
  const fifo = queue();
  fifo.send('a', 'g');
  const [message] = fifo.receive();
  at.now += 10_000;
  fifo.changeVisibility(message?.handle ?? '', 2);

  at.now += 1_999;
  expect(bodies(fifo.receive())).toStrictEqual([]);
  at.now += 2;
  expect(bodies(fifo.receive())).toStrictEqual(['a']);
});

it('refuses the handle of an earlier receive', () => {
  const fifo = queue();
  fifo.send('a', 'g');
  const handle = fifo.receive()[0]?.handle ?? '';
  at.now += 35_001;
  fifo.receive();

  expect(() => fifo.changeVisibility(handle, 1)).toThrow('receipt handle is invalid');
});

it('takes a body of the last five minutes for a repeat, even of a removed message', () => {
  const fifo = queue();
  fifo.send('a', 'g');
  fifo.remove(fifo.receive()[0]?.handle ?? '');
  fifo.send('a', 'g');
  expect(fifo.size()).toBe(0);

  at.now += 300_001;
  fifo.send('a', 'g');
  expect(fifo.size()).toBe(1);
});

it('moves what was received too often to the dead letters, and lets the group go on', () => {
  const fifo = queue();
  fifo.send('a', 'g');
  for (let n = 0; n < 2; n++) {
    fifo.receive();
    at.now += 35_001;
  }
  fifo.send('b', 'g');

  expect(bodies(fifo.receive())).toStrictEqual(['b']);
  expect(bodies(dead)).toStrictEqual(['a']);
});
