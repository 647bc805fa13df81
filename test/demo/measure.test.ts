import { emptySpells, type Facts, type Fate, factsOf, fateOf } from '../../scripts/demo/measure';
import type { Visit } from '../../scripts/demo/visit';
import type { Moment } from '../../scripts/local/world';

const moment = (at: number, kind: Moment['kind'], task: string): Moment => ({ at, kind, task, text: '' });

const get = (rest: Partial<Visit>): Visit => ({
  id: 'r1',
  kind: 'kept',
  method: 'GET',
  start: 1000,
  end: 1010,
  ...rest,
});
const post = (rest: Partial<Visit>): Visit => get({ method: 'POST', ...rest });

describe('fateOf', () => {
  const empty = [{ from: 1000, until: 2000 }];
  const sudden = [{ from: 1000, until: 2000, sudden: true as const }];
  const lastGet = (rest: Partial<Visit>) => get({ start: 990, ...rest });
  const died = new Map([['dead', 1005]]);
  const closed = new Map([['leaving', 1005]]);
  const began = new Map([['r1', ['dead']]]);
  const elsewhere = new Map([['r1', ['alive']]]);
  const nothing: Facts = { empty: [], died: new Map(), closed: new Map(), began: new Map() };

  it.each<[string, Visit, Partial<Facts>, Fate]>([
    ['a complete 2xx is served', get({ status: 200, task: 'a' }), {}, 'served'],
    ['a body that breaks off is not served', get({ status: 200, task: 'a', error: 'broke off' }), {}, 'failed'],
    ['a 404 is a failure', get({ status: 404 }), {}, 'failed'],
    ['a 503 while tasks exist is a failure', get({ status: 503 }), {}, 'failed'],
    ['a 503 while no task exists is expected', get({ status: 503 }), { empty }, 'expected503'],
    ['so is that of a POST', post({ status: 503 }), { empty }, 'expected503'],
    ['a 503 before the spell is a failure', get({ status: 503, start: 999 }), { empty }, 'failed'],
    ['a 503 after the spell is a failure', get({ status: 503, start: 2001 }), { empty }, 'failed'],
    ['a 503 that a task wrote is a failure', get({ status: 503, task: 'a' }), { empty }, 'failed'],
    ['another fault in the spell is a failure', get({ status: 502 }), { empty }, 'failed'],
    ['a refused connection in the spell is one', get({ error: 'ECONNREFUSED' }), { empty }, 'failed'],
    [
      'a 503 under way when the last task died is expected',
      get({ status: 503, start: 990 }),
      { empty: sudden },
      'expected503',
    ],
    [
      'also when the death is written down later',
      get({ status: 503, start: 980, end: 990 }),
      { empty: sudden },
      'expected503',
    ],
    ['not long after', get({ status: 503, start: 700, end: 740 }), { empty: sudden }, 'failed'],
    ['nor when the last task was told to stop', get({ status: 503, start: 990 }), { empty }, 'failed'],
    [
      'a GET inside the last task that died is lost',
      lastGet({ status: 502 }),
      { died, began, empty: sudden },
      'lostWithTask',
    ],
    [
      'also when the connection just closes',
      lastGet({ error: 'socket hang up' }),
      { died, began, empty: sudden },
      'lostWithTask',
    ],
    ['also when it lay there unread', lastGet({ status: 502 }), { died, empty: sudden }, 'lostWithTask'],
    ['a GET that came after has failed', get({ status: 502, start: 1001 }), { died, began, empty: sudden }, 'failed'],
    [
      'so has one inside a task that lives',
      lastGet({ status: 502 }),
      { died, began: elsewhere, empty: sudden },
      'failed',
    ],
    ['so has one that timed out', lastGet({ error: 'no answer in 30 s' }), { died, empty: sudden }, 'failed'],
    ['a POST inside the task that died is lost', post({ status: 502 }), { died, began }, 'lostWithTask'],
    ['also when the connection just closes', post({ error: 'socket hang up' }), { died, began }, 'lostWithTask'],
    ['a POST that broke off unread as a task died is lost', post({ status: 502 }), { died }, 'lostWithTask'],
    ['also when the connection just closes', post({ error: 'socket hang up' }), { died }, 'lostWithTask'],
    ['a POST that was never sent to a task has failed', post({ status: 503 }), { died }, 'failed'],
    ['so has one that could not even connect', post({ error: 'connect ECONNREFUSED' }), { died }, 'failed'],
    ['a GET that broke off as a task died has failed', get({ error: 'socket hang up' }), { died }, 'failed'],
    ['a POST that broke off when no task died has failed', post({ status: 502 }), {}, 'failed'],
    ['a POST that broke off after the death has failed', post({ status: 502, start: 1006 }), { died }, 'failed'],
    ['a POST that broke off long before has failed', post({ status: 502, start: 700, end: 750 }), { died }, 'failed'],
    ['a POST inside a task that lives has failed', post({ status: 502 }), { died, began: elsewhere }, 'failed'],
    [
      'a POST that ended long before has failed',
      post({ status: 502, start: 500, end: 600 }),
      { died, began },
      'failed',
    ],
    ['a POST that started after it has failed', post({ status: 502, start: 1006 }), { died, began }, 'failed'],
    [
      'a POST that broke off unread as a task closed its door is lost',
      post({ status: 502 }),
      { closed },
      'lostWithTask',
    ],
    ['also when the connection just closes', post({ error: 'socket hang up' }), { closed }, 'lostWithTask'],
    [
      'also when the line is read a little later',
      post({ status: 502, start: 990, end: 991 }),
      { closed },
      'lostWithTask',
    ],
    ['a GET that broke off as a door closed has failed', get({ status: 502 }), { closed }, 'failed'],
    ['so has one whose answer had begun', get({ status: 200, task: 'a', error: 'x' }), { closed }, 'failed'],
    ['so has a POST that some task had begun', post({ status: 502 }), { closed, began: elsewhere }, 'failed'],
    [
      'even the task that closed: it finishes what it began',
      post({ status: 502 }),
      { closed, began: new Map([['r1', ['leaving']]]) },
      'failed',
    ],
    ['so has a POST that was never sent to it', post({ status: 503 }), { closed }, 'failed'],
    ['or could not even connect', post({ error: 'connect ECONNREFUSED' }), { closed }, 'failed'],
    ['or timed out', post({ error: 'no answer in 30 s' }), { closed }, 'failed'],
    ['or began after the door was closed', post({ status: 502, start: 1006 }), { closed }, 'failed'],
    ['or broke off long before', post({ status: 502, start: 700, end: 754 }), { closed }, 'failed'],
    ['a GET could have been repeated', get({ status: 502 }), { died, began }, 'failed'],
    ['not when its answer had begun', get({ status: 200, task: 'dead', error: 'x' }), { died, began }, 'lostWithTask'],
    ['a POST that was answered all the same is served', post({ status: 200 }), { died, began }, 'served'],
  ])('%s', (_, visit, facts, fate) => {
    expect(fateOf(visit, { ...nothing, ...facts })).toBe(fate);
  });
});

describe('factsOf', () => {
  const delay = 2_200;
  const order: Moment = { ...moment(10_000, 'stop-ordered', 'a'), service: 'hello-world' };
  const closings = (at: number, moments: readonly Moment[] = [order]) => {
    const { closed } = factsOf(moments, { began: new Map(), closed: new Map([['a', at]]) }, 'hello-world', delay);
    return [...(closed ?? [])];
  };

  it('keeps a door that closed while the proxy could not know of the stop order', () => {
    expect(closings(10_005)).toStrictEqual([['a', 10_005]]);
    expect(closings(14_200)).toStrictEqual([['a', 14_200]]);
  });

  it('takes no excuse from one that closed later, as after a pre-stop, or without an order', () => {
    expect(closings(14_201)).toStrictEqual([]);
    expect(closings(10_005, [])).toStrictEqual([]);
  });
});

describe('emptySpells', () => {
  const delay = 2_200;

  it('is empty from the first moment until the proxy can know the first task', () => {
    expect(emptySpells([moment(500, 'task-running', 'a')], delay)).toStrictEqual([
      { from: Number.NEGATIVE_INFINITY, until: 4_700 },
    ]);
  });

  it('is empty from the stop order of the last task, not from its end', () => {
    const moments = [
      moment(0, 'task-running', 'a'),
      moment(0, 'task-running', 'b'),
      moment(10_000, 'stop-ordered', 'a'),
      moment(11_000, 'stop-ordered', 'b'),
      moment(21_000, 'task-stopped', 'a'),
      moment(22_000, 'task-stopped', 'b'),
      moment(30_000, 'task-running', 'c'),
    ];

    expect(emptySpells(moments, delay).slice(1)).toStrictEqual([{ from: 11_000, until: 34_200 }]);
  });

  it('does not end while no task runs', () => {
    const moments = [moment(0, 'task-running', 'a'), moment(9_000, 'task-died', 'a')];

    expect(emptySpells(moments, delay).at(-1)).toStrictEqual({
      from: 9_000,
      until: Number.POSITIVE_INFINITY,
      sudden: true,
    });
  });

  it('is not sudden when only an earlier task died', () => {
    const moments = [
      moment(0, 'task-running', 'a'),
      moment(0, 'task-running', 'b'),
      moment(8_000, 'task-died', 'a'),
      moment(9_000, 'stop-ordered', 'b'),
    ];

    expect(emptySpells(moments, delay).at(-1)).toStrictEqual({ from: 9_000, until: Number.POSITIVE_INFINITY });
  });

  it('is not empty while a deployment replaces every task', () => {
    const moments = [
      moment(0, 'task-running', 'old'),
      moment(9_000, 'task-running', 'new'),
      moment(9_100, 'stop-ordered', 'old'),
      moment(20_000, 'task-stopped', 'old'),
    ];

    expect(emptySpells(moments, delay)).toHaveLength(1);
  });
});
