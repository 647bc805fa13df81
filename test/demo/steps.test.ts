import type { Facts } from '../../scripts/demo/measure';
import { measure, median, type PlayedStep } from '../../scripts/demo/steps';
import type { Visit } from '../../scripts/demo/visit';
import type { Moment } from '../../scripts/local/world';

const facts: Facts = { empty: [], died: new Map(), closed: new Map(), began: new Map() };
const cost = { reloads: 0, samePid: true, awsCalls: 7, ecsReads: 1, events: 2, retries: 0, redispatches: 3 };
const step = (name: string, from: number): PlayedStep => ({ name, from, ...cost });
const visit = (start: number, task: string, status = 200): Visit => ({
  id: `r${start}`,
  kind: 'kept',
  method: 'GET',
  start,
  end: start + 10,
  status,
  task,
});
const moment = (at: number, kind: Moment['kind'], task: string): Moment => ({ at, kind, task, text: '' });

describe('measure', () => {
  it('gives a request to the step in which it started', () => {
    const visits = [visit(100, 'a'), visit(199, 'a', 502), visit(200, 'a')];

    const { totals, steps } = measure([step('one', 100), step('two', 200)], { moments: [], visits, facts });

    expect(totals).toStrictEqual({ requests: 3, failed: 1, lostWithTask: 0, expected503: 0 });
    expect(steps).toStrictEqual([
      { name: 'one', requests: 2, failed: 1, lostWithTask: 0, expected503: 0, ...cost },
      { name: 'two', requests: 1, failed: 0, lostWithTask: 0, expected503: 0, ...cost },
    ]);
  });

  it('tells how long new tasks waited: from running to the first request that each answered', () => {
    const moments = ['a', 'b', 'c'].map((task) => moment(1_000, 'task-running', task));
    const visits = [visit(3_000, 'a', 500), visit(4_000, 'a'), visit(3_500, 'b'), visit(3_200, 'b'), visit(9_000, 'c')];

    const measured = measure([step('one', 0)], { moments, visits, facts });

    expect(measured.steps[0]?.eventToFirstRequestMs).toBe(3_000);
    expect(measured.eventToFirstRequestMs).toBe(3_000);
  });

  it('tells the longest that a stopped task was still used, in the step of its stop order', () => {
    const moments = [moment(1_000, 'stop-ordered', 'a'), moment(1_000, 'stop-ordered', 'b')];
    const visits = [visit(900, 'a'), visit(3_400, 'b'), visit(2_000, 'b')];

    const { steps } = measure([step('one', 0), step('two', 2_500)], { moments, visits, facts });

    expect(steps.map((each) => each.stopOrderToLastRequestMs)).toStrictEqual([2_400, undefined]);
  });
});

describe('recoverMs', () => {
  const from = 2_000;
  const visits = [visit(1_900, 'a'), visit(2_100, 'a', 503), visit(8_000, 'b'), visit(7_000, 'b')];
  const recovered = (empty: Facts['empty']) =>
    measure([step('one', 0)], { moments: [], visits, facts: { ...facts, empty } }).steps[0]?.recoverMs;

  it('tells how long nobody was answered after the last task died', () => {
    expect(recovered([{ from, until: 9_000, sudden: true }])).toBe(5_010);
  });

  it('is not told of a service that was scaled to nothing, nor of one that never came back', () => {
    expect(recovered([{ from, until: 9_000 }])).toBeUndefined();
    expect(recovered([{ from: 8_500, until: 9_000, sudden: true }])).toBeUndefined();
  });
});

describe('median', () => {
  it.each([
    [[], undefined],
    [[5], 5],
    [[9, 1, 5], 5],
    [[4, 1, 3, 2], 2],
  ])('of %j is %j', (values, expected) => {
    expect(median(values)).toBe(expected);
  });
});
