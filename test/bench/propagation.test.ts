import { createSocket } from 'node:dgram';
import { once } from 'node:events';

import * as wire from 'dns-packet';

import { account, causeOf, type Deployed } from '../../scripts/bench/propagation/account';
import { answerCache, drawEvenly } from '../../scripts/bench/propagation/cache';
import type { Seen } from '../../scripts/bench/propagation/load';
import { stagesOf } from '../../scripts/bench/propagation/path';
import { startResolver } from '../../scripts/bench/propagation/resolver';

/** ECS ordered the old task to stop at 6,000; it closed its port at 7,000. */
const deployed: Deployed = {
  running: new Map([
    ['new-1', 1_000],
    ['new-2', 1_200],
  ]),
  ordered: new Map([['old', 6_000]]),
  closed: new Map([['old', 7_000]]),
};
const seen = (start: number, more: Partial<Seen>): Seen => ({
  ...{ id: '0-0', target: 0, start, end: start + 10, status: 200, task: undefined, error: undefined },
  ...more,
});

describe('the cause of a failed request', () => {
  it.each<[string, Seen]>([
    ['gone', seen(7_100, { status: 503 })],
    ['broken', seen(6_995, { status: 502 })],
    ['broken', seen(6_995, { task: 'old', error: 'the answer broke off' })],
    ['late', seen(7_100, { status: undefined, error: 'no answer in 30 s' })],
    ['late', seen(7_100, { status: 504 })],
    // Nobody had left yet.
    ['unexplained', seen(5_000, { status: 503 })],
    // A task's own 503, and a proxy that refuses.
    ['unexplained', seen(7_100, { status: 503, task: 'new-1' })],
    ['unexplained', seen(7_100, { status: undefined, error: 'connect ECONNREFUSED' })],
    // The proxy must know by then.
    ['unexplained', seen(10_100, { status: 503 })],
  ])('is "%s"', (cause, visit) => {
    expect(causeOf(visit, deployed, 4_000)).toBe(cause);
  });
});

it('accounts for a deploy: first and median of the new tasks, last on the old, failures', () => {
  const visits = [
    seen(2_000, { task: 'old' }),
    seen(3_990, { task: 'new-1' }),
    seen(5_190, { task: 'new-2' }),
    seen(5_500, { task: 'new-1' }),
    seen(6_500, { task: 'old' }),
    seen(8_000, { status: 503 }),
  ];

  expect(account(deployed, visits, 4_000)).toStrictEqual({
    requests: 6,
    firstMs: 3_000,
    medianMs: 3_500,
    lastMs: 2_000,
    failed: { gone: 1, broken: 0, late: 0, unexplained: 0 },
    unexplained: [],
  });
});

it('keeps an answer for its TTL, or until the moment that was drawn', () => {
  const cache = answerCache<string>();
  const read = (now: number, answer: string) => cache.read('SRV web', 60_000, now, () => answer).answer;

  expect([read(0, 'a'), read(59_999, 'b'), read(60_000, 'c')]).toStrictEqual(['a', 'a', 'c']);
  cache.endAt('SRV web', 61_000);
  expect([read(60_999, 'd'), read(61_000, 'e')]).toStrictEqual(['c', 'e']);
});

it('draws one moment from each part', () => {
  const parts = drawEvenly(20, Math.random).map((share) => Math.floor(share * 20));

  expect([...parts].sort((a, b) => a - b)).toStrictEqual(Array.from({ length: 20 }, (_, part) => part));
});

it('answers as a VPC does: at most eight tasks, with what is left of the TTL, and the address of each', async () => {
  const tasks = Array.from({ length: 12 }, (_, n) => ({ id: `a${n}`, address: '127.0.0.9', port: 32_768 + n }));
  const resolver = await startResolver({ registered: (service) => (service === 'web' ? tasks : []) });
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  const [host = '', port] = resolver.at.split(':');
  const ask = async (type: wire.RecordType, name: string) => {
    socket.send(wire.encode({ type: 'query', id: 7, questions: [{ type, name }] }), Number(port), host);
    const [answer] = (await once(socket, 'message')) as [Buffer];
    return wire.decode(answer);
  };

  const srv = (await ask('SRV', '_web._tcp.ttl60.test')).answers as wire.SrvAnswer[];
  const again = (await ask('SRV', '_web._tcp.ttl60.test')).answers;
  const [first] = srv;
  const address = await ask('A', first?.data.target ?? '');
  const none = await ask('SRV', '_shop._tcp.ttl60.test');
  socket.close();
  resolver.stop();

  expect([srv.length, srv.map(({ data }) => data.target)]).toStrictEqual([
    8,
    (again as wire.SrvAnswer[]).map(({ data }) => data.target),
  ]);
  expect(first?.ttl).toBe(60);
  expect(address.answers).toMatchObject([{ type: 'A', data: '127.0.0.9' }]);
  expect([none.answers, Number(none.flags ?? 0) & 15]).toStrictEqual([[], 3]);
});

it('names the stages between a new task and its first request', () => {
  const trace = {
    moments: [
      { at: 900, kind: 'event' },
      { at: 1_150, kind: 'event' },
      { at: 3_500, kind: 'command' },
      { at: 3_700, kind: 'synced' },
    ] as const,
    invocations: [
      { at: 950, durationMs: 50 },
      { at: 1_200, durationMs: 300 },
    ],
    calls: [
      { at: 1_210, action: 'ecs:ListTasks' },
      { at: 1_300, action: 'ecs:DescribeTasks' },
      { at: 1_400, action: 'ssm:PutParameter' },
      { at: 1_450, action: 'ssm:SendCommand' },
    ],
  };

  expect(stagesOf(trace, 1_000, 3_650)).toStrictEqual([150, 50, 100, 100, 50, 2_050, 200, -50]);
  expect(stagesOf({ ...trace, calls: [] }, 1_000, 3_650)).toBeUndefined();
});
