import type { Facts } from '../../scripts/demo/fate';
import { certificateProblems, closing, outcomeOf, problems } from '../../scripts/demo/report';
import { story } from '../../scripts/demo/story';
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

it.each([
  [{ failed: 0, lostWithTask: 0, expected503: 0 }, '38,448 requests: none failed.'],
  [
    { failed: 0, lostWithTask: 17, expected503: 5_050 },
    '38,448 requests: none failed, 17 were lost with a task that was killed or closed its port, and 5,050 got 503, as expected while no task existed or none was known yet.',
  ],
  [
    { failed: 3, lostWithTask: 0, expected503: 5 },
    '38,448 requests: 3 failed, and 5 got 503, as expected while no task existed or none was known yet.',
  ],
])('says in one sentence how all requests ended: %j', (counts, sentence) => {
  expect(outcomeOf({ requests: 38_448, ...counts })).toBe(sentence);
});

it('fits the closing table into 80 columns', () => {
  const counts = { requests: 36_000, failed: 12, lostWithTask: 123, expected503: 1_802, reloads: 2, samePid: false };
  const steps = story.map(({ name }) => ({ name, ...counts, awsCalls: 120, eventToFirstRequestMs: 15_500 }));
  const [table = ''] = closing({ totals: { ...counts }, steps }, [], 2_200).split('\n\n');

  expect(Math.max(...table.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(80);
});
