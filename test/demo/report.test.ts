import type { Facts } from '../../scripts/demo/fate';
import { certificateProblems, closing, problems } from '../../scripts/demo/report';
import { measure } from '../../scripts/demo/steps';
import type { Visit } from '../../scripts/demo/visit';

const facts: Facts = { empty: [], died: new Map(), closed: new Map(), began: new Map() };
const visit = (rest: Partial<Visit>): Visit => ({
  ...{ id: 'r7', kind: 'kept', method: 'GET', start: 12_400, end: 12_412, status: 200 },
  ...rest,
});
const seen = (visits: readonly Visit[], more: Partial<Facts> = {}) => ({
  moments: [],
  visits,
  facts: { ...facts, ...more },
});

it.each<[string, Visit[], Partial<Facts>, string[]]>([
  ['nothing in a good run', [visit({ task: 'aaaa1' })], {}, []],
  [
    'the first failure of each kind, with the number of others',
    [visit({ status: 503, method: 'POST' }), visit({ status: 503 }), visit({ error: 'socket hang up', kind: 'slow' })],
    { began: new Map([['r7', ['aaaa1']]]) },
    [
      'failed: 12.4s r7, a kept POST: status 503, after 12 ms, from the proxy, begun by aaaa, and 1 more like it',
      'failed: 12.4s r7, a slow GET: socket hang up, after 12 ms, from the proxy, begun by aaaa',
    ],
  ],
  [
    'an answer of a task without labels',
    [visit({ task: 'worker1' })],
    {},
    ['1 requests were answered by a task of another service'],
  ],
  [
    'a POST that ran twice, even when it was answered',
    [visit({ method: 'POST' })],
    { began: new Map([['r7', ['aaaa1', 'bbbb1']]]) },
    ['1 POSTs ran more than once, such as r7'],
  ],
])('reports %s', (_, visits, more, expected) => {
  expect(problems(seen(visits, more), ['worker1'], 0)).toStrictEqual(expected);
});

const renewed = { issuer: 'CN=CA', serials: ['A', 'B'], requests: [9, 1], servedSerial: 'B', reloads: 0 };

it.each([
  ['nothing', renewed, []],
  ['a reload', { ...renewed, reloads: 1 }, ['The renewal reloaded HAProxy 1 times']],
  ['an old certificate', { ...renewed, servedSerial: 'A' }, ['serial B was stored last, but A is served']],
  ['a renewed one that no visitor saw', { ...renewed, requests: [9, 0] }, ['no visitor was shown serial B']],
])('reports %s after a renewal', (_, certified, expected) => {
  expect(certificateProblems(certified)).toStrictEqual(expected);
});

it('counts a request in the step in which it started, and ends with a table and a verdict in words', () => {
  const visits = [
    visit({ start: 2_900, task: 'a' }),
    visit({ start: 4_199, status: 502 }),
    visit({ start: 4_200, task: 'a' }),
    visit({ start: 4_200, status: 503 }),
    visit({ start: 4_200, status: 502, method: 'POST' }),
  ];
  const happened = { empty: [{ from: 4_200, until: 9_000 }], died: new Map([['a', 4_201]]) };
  const moments = [{ at: 1_000, kind: 'task-running' as const, task: 'a', text: '' }];
  const steps = [1_000, 4_200].map((from) => ({
    name: `from ${from}`,
    from,
    reloads: 1,
    samePid: from === 1_000,
    awsCalls: 7,
  }));

  const measured = measure(steps, { ...seen(visits, happened), moments });
  const lines = closing(measured, ['a remark'], 2_200).split('\n');

  expect(lines[1]).toMatch(/^step +requests +failed +lost +503 +reloads +first +calls$/);
  expect(lines[3]).toMatch(/^from 1000 +2 +1 +0 +0 +1 +1\.9 s +7$/);
  expect(lines[4]).toMatch(/^from 4200 +3 +0 +1 +1 +1\* +– +7$/);
  expect(lines.slice(-5)).toStrictEqual([
    '1 of 5 requests failed.',
    "A new task got its first request 1.9 s after it started (median); AWS's own delay is set to 2.2 s.",
    '1 got 503 while no task existed, or the first one was too new to be known. This is expected.',
    '1 could not be repeated: their task was killed, or closed its port before it had read them.',
    'a remark',
  ]);
});
