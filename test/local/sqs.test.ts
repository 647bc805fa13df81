import * as sqs from '../../scripts/local/events/sqs';

/** A queue of the group `g` with a clock of its own. */
function fifo(...bodies: readonly string[]) {
  const settings = { VisibilityTimeout: 35, ContentBasedDeduplication: true, RedrivePolicy: { maxReceiveCount: 2 } };
  const queue = sqs.newQueue({ QueueName: 'q', ...settings });
  let now = 1_000_000;
  const send = (MessageBody: string, MessageGroupId = 'g') =>
    void sqs.sendMessage(queue, { MessageBody, MessageGroupId }, now);
  const receive = (most?: number) => sqs.receiveMessages(queue, now, most).map(({ body }) => body);
  for (const body of bodies) send(body);
  return {
    ...{ queue, send, receive },
    pass: (milliseconds: number) => (now += milliseconds),
    handle: () => queue.messages[0]?.handle ?? '',
    remove: () => sqs.deleteMessage(queue, queue.messages[0]?.handle ?? '', now),
    change: (handle: string, seconds: number) => sqs.changeVisibility(queue, handle, seconds, now),
  };
}

it('hands out up to ten of a group in order, and blocks that group, but no other, while one is in flight', () => {
  const { send, receive } = fifo(...'abcdefghijkl');
  expect(receive().join('')).toBe('abcdefghij');

  send('m', 'h');

  expect(receive()).toStrictEqual(['m']);
  expect(receive()).toStrictEqual([]);
});

it('goes on with the group once its messages are removed', () => {
  const { receive, remove } = fifo('a', 'b');
  receive(1);
  remove();

  expect(receive()).toStrictEqual(['b']);
});

it('brings back what failed when its visibility ends, first in line, and refuses the handle of the earlier receive', () => {
  const { queue, send, receive, pass, handle, change } = fifo('a');
  receive();
  const earlier = handle();
  send('b');
  pass(35_001);

  expect(receive()).toStrictEqual(['a', 'b']);
  expect(queue.messages.map(({ receives }) => receives)).toStrictEqual([2, 1]);
  expect(() => change(earlier, 1)).toThrow('receipt handle is invalid');
});

it('counts a changed visibility from now', () => {
  const { receive, pass, change, handle } = fifo('a');
  receive();
  pass(10_000);
  change(handle(), 2);

  pass(1_999);
  expect(receive()).toStrictEqual([]);
  pass(2);
  expect(receive()).toStrictEqual(['a']);
});

it('takes a body of the last five minutes for a repeat, even of a removed message', () => {
  const { queue, send, receive, remove, pass } = fifo('a');
  receive();
  remove();
  send('a');
  expect(queue.messages).toHaveLength(0);

  pass(300_001);
  send('a');
  expect(queue.messages).toHaveLength(1);
});

it('moves what was received too often to the dead letters, and lets the group go on', () => {
  const { queue, send, receive, pass } = fifo('a');
  for (const _ of [1, 2]) pass(35_001 * receive().length);
  send('b');

  expect(receive()).toStrictEqual(['b']);
  expect(queue.dead.map(({ body }) => body)).toStrictEqual(['a']);
});
