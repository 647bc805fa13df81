import * as sqs from '../../scripts/local/events/sqs';

/** A queue of the group `g` with a clock of its own. */
function fifo(...bodies: readonly string[]) {
  const settings = { VisibilityTimeout: 35, ContentBasedDeduplication: true, RedrivePolicy: { maxReceiveCount: 2 } };
  const queue = sqs.newQueue({ QueueName: 'q', ...settings });
  let now = 1_000_000;
  const send = (MessageBody: string, MessageGroupId = 'g') =>
    void sqs.sendMessage(queue, { MessageBody, MessageGroupId }, now);
  const handle = () => queue.messages[0]?.handle ?? '';
  for (const body of bodies) send(body);
  return {
    ...{ queue, send, handle },
    receive: () => sqs.receiveMessages(queue, now).map(({ body }) => body),
    pass: (milliseconds: number) => (now += milliseconds),
    change: (of: string, seconds: number) => sqs.changeVisibility(queue, of, seconds, now),
  };
}

it('hands out up to ten of a group in order, and blocks that group, but no other, while one is in flight', () => {
  const { send, receive } = fifo(...'abcdefghijkl');
  expect(receive().join('')).toBe('abcdefghij');
  send('m', 'h');
  expect([receive(), receive()]).toStrictEqual([['m'], []]);
});

it('brings back what failed at the end of its visibility, first in line, then moves it to the dead letters', () => {
  const { queue, send, receive, pass, handle, change } = fifo('a');
  receive();
  const earlier = handle();
  send('b');
  pass(10_000);
  change(earlier, 2);
  pass(1_999);
  expect(receive()).toStrictEqual([]);
  pass(2);
  expect(receive()).toStrictEqual(['a', 'b']);
  expect(() => change(earlier, 1)).toThrow('receipt handle is invalid');
  pass(35_001);

  expect(receive()).toStrictEqual(['b']);
  expect(queue.dead.map(({ body }) => body)).toStrictEqual(['a']);
});
