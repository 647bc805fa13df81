import { type Facts, type Fate, fateOf } from '../../scripts/demo/fate';
import { createJournal } from '../../scripts/demo/journal';
import type { Visit } from '../../scripts/demo/visit';
import type { Moment } from '../../scripts/local/world';

const get = (rest: Partial<Visit>): Visit => ({
  ...{ id: 'r1', kind: 'kept', method: 'GET', start: 1000, end: 1010 },
  ...rest,
});
const post = (rest: Partial<Visit>): Visit => get({ method: 'POST', ...rest });
const early = (rest: Partial<Visit>): Visit => get({ start: 990, ...rest });
const hangUp = { error: 'socket hang up' };
const answerBrokeOff = { status: 200, task: 'dead', error: 'the answer broke off' };

const known = {
  empty: { empty: [{ from: 1000, until: 2000 }] },
  sudden: { empty: [{ from: 1000, until: 2000, sudden: true }] },
  died: { died: new Map([['dead', 1005]]) },
  closed: { closed: new Map([['leaving', 1005]]) },
  closedTwo: {
    closed: new Map([
      ['leaving', 600],
      ['other', 1005],
    ]),
  },
  began: { began: new Map([['r1', ['dead']]]) },
  beganElsewhere: { began: new Map([['r1', ['alive']]]) },
  beganByLeaver: { began: new Map([['r1', ['leaving']]]) },
} as const satisfies Record<string, Partial<Facts>>;

describe('fateOf', () => {
  it.each<[Fate, string, Visit, ...(keyof typeof known)[]]>([
    ['served', 'a whole 2xx', get({ status: 200, task: 'a' })],
    ['served', 'a POST that was answered before its task was killed', post({ status: 200 }), 'died', 'began'],
    ['failed', 'an answer that broke off', get({ ...answerBrokeOff, task: 'a' })],
    ['failed', 'a 404', get({ status: 404 })],
    ['failed', 'a 503 while tasks exist', get({ status: 503 })],
    ['expected503', 'a 503 while no task exists', get({ status: 503 }), 'empty'],
    ['failed', 'a 503 just before', get({ status: 503, start: 999 }), 'empty'],
    ['failed', 'a 503 that a task wrote', get({ status: 503, task: 'a' }), 'empty'],
    ['failed', 'a 502 while no task exists', get({ status: 502 }), 'empty'],
    ['failed', 'a refused connection while no task exists', get({ error: 'ECONNREFUSED' }), 'empty'],
    ['expected503', 'a 503 under way when the last task was killed', early({ status: 503 }), 'sudden'],
    ['failed', 'a 503 long before the death', get({ status: 503, start: 700, end: 740 }), 'sudden'],
    ['lostWithTask', 'a GET in the last task, which was killed', early({ status: 502 }), 'died', 'began', 'sudden'],
    ['lostWithTask', 'the same, unread', early({ status: 502 }), 'died', 'sudden'],
    ['failed', 'a GET after the last task was killed', get({ status: 502, start: 1001 }), 'died', 'began', 'sudden'],
    ['failed', 'a GET in a task that lives', early({ status: 502 }), 'died', 'beganElsewhere', 'sudden'],
    ['failed', 'a time-out', early({ error: 'no answer in 30 s' }), 'died', 'sudden'],
    ['failed', 'a GET, which could have been repeated', get({ status: 502 }), 'died', 'began'],
    ['lostWithTask', 'a GET whose answer had begun', get(answerBrokeOff), 'died', 'began'],
    ['lostWithTask', 'a POST in a task that was killed', post({ status: 502 }), 'died', 'began'],
    ['lostWithTask', 'a POST that was unread then', post(hangUp), 'died'],
    ['failed', 'a POST that HAProxy sent to no task', post({ status: 503 }), 'died'],
    ['failed', 'a POST that could not connect', post({ error: 'connect ECONNREFUSED' }), 'died'],
    ['failed', 'a POST in a task that lives', post({ status: 502 }), 'died', 'beganElsewhere'],
    ['failed', 'a POST after the death', post({ status: 502, start: 1006 }), 'died', 'began'],
    ['failed', 'a POST long before the death', post({ status: 502, start: 700, end: 750 }), 'died', 'began'],
    ['lostWithTask', 'a POST unread when a task closed its port', post({ status: 502 }), 'closed'],
    ['failed', 'a GET then', get({ status: 502 }), 'closed'],
    ['failed', 'a POST that the task finishes, for it began it', post({ status: 502 }), 'closed', 'beganByLeaver'],
    ['lostWithTask', 'a request that met two ports that had just closed', get({ status: 503 }), 'closedTwo'],
    ['failed', 'a request that met one', get({ status: 503 }), 'closed'],
    ['failed', 'a request half a second later', get({ status: 503, start: 1101, end: 1110 }), 'closedTwo'],
    ['failed', 'a request that a task began', get({ status: 503 }), 'closedTwo', 'began'],
    ['failed', 'a POST after the port was closed', post({ status: 502, start: 1006 }), 'closed'],
  ])('%s: %s', (fate, _, visit, ...facts) => {
    const nothing: Facts = { empty: [], died: new Map(), closed: new Map(), began: new Map() };

    expect(fateOf(visit, Object.assign(nothing, ...facts.map((each) => known[each])))).toBe(fate);
  });
});

/** The journal after some moments, each `<time> <kind> <task> [<output>]`; tasks named `other` are of another service. */
const journalOf = (moments: string) => {
  const journal = createJournal('hello-world', 2_200);
  for (const moment of moments.split(', ')) {
    const [at, kind, task = '', ...text] = moment.split(' ');
    const service = task === 'other' ? 'shop' : 'hello-world';
    journal.addMoment({ at: Number(at), kind: kind as Moment['kind'], task, text: text.join(' '), service });
  }
  return { moments: journal.moments, ...journal.facts() };
};

describe('the journal', () => {
  it('keeps which tasks began a request, which were killed, and the moments of its own service', () => {
    const { began, died, moments } = journalOf(
      '1 output a began r7, 2 output b began r7, 2 output other began r8, 3 output a listening, 5 task-died a, 6 task-died other',
    );

    expect([...began]).toStrictEqual(Object.entries({ r7: ['a', 'b'], r8: ['other'] }));
    expect([...died]).toStrictEqual([['a', 5]]);
    expect(moments.map(({ at }) => at)).toStrictEqual([5]);
  });

  it.each([
    ['counts while the proxy could not know the stop order', 1, '0 stop-ordered a, 4200 output a closed its door'],
    ['excuses nothing later, as after a pre-stop', 0, '0 stop-ordered a, 4201 output a closed its door'],
    ['excuses nothing without a stop order', 0, '5 output a closed its door'],
  ])('a closed port %s', (_, count, moments) => {
    expect(journalOf(moments).closed.size).toBe(count);
  });

  const two = '0 task-running a, 0 task-running b';
  it.each([
    ['before the first task', '500 task-running a', { from: Number.NEGATIVE_INFINITY, until: 4_700 }],
    [
      'from the last stop order, not from the end',
      `${two}, 8 stop-ordered a, 9 stop-ordered b, 22 task-stopped b`,
      { from: 9 },
    ],
    ['suddenly when the last task was killed', '0 task-running a, 9 task-died a', { from: 9, sudden: true }],
    ['not suddenly when an earlier one was killed', `${two}, 8 task-died a, 9 stop-ordered b`, { from: 9 }],
    [
      'never again in a deployment',
      `${two}, 9 stop-ordered a, 20 task-stopped a`,
      { from: Number.NEGATIVE_INFINITY, until: 4_200 },
    ],
  ])('knows no task %s', (_, moments, spell) => {
    expect(journalOf(moments).empty.at(-1)).toStrictEqual({ until: Number.POSITIVE_INFINITY, ...spell });
  });
});
