import type { Look } from '../../scripts/demo/live/fleet';
import { createLive } from '../../scripts/demo/live/state';
import type { Visit } from '../../scripts/demo/visit';
import type { Moment } from '../../scripts/local/world';

const second = 1_000_000;
const startedAt = second * 1_000;
const task = (id: string, rest: Partial<Look['tasks'][number]> = {}): Look['tasks'][number] => ({
  ...{ id, service: 'hello-world', revision: 1, host: 'i-1', desiredStatus: 'RUNNING', lastStatus: 'RUNNING', ...rest },
});
const look = (rest: Partial<Look> = {}): Look => ({
  hosts: [{ ec2Id: 'i-1', address: '127.0.0.5', status: 'ACTIVE', lost: false }],
  ...{ tasks: [], services: [], serving: new Set(), unlabelled: ['worker'], ...rest },
});
const visit = (rest: Partial<Visit>): Visit => ({
  ...{ id: 'r1', kind: 'kept', method: 'GET', start: startedAt, end: startedAt, status: 200, ...rest },
});
const moment = (kind: Moment['kind'], rest: Partial<Moment> = {}): Moment => ({
  ...{ at: startedAt, kind, text: kind, service: 'hello-world', ...rest },
});
const died = (id: string, ms = 0) => moment('task-died', { task: id, at: startedAt + ms });

it('shows each task as what it is, and a killed one for a moment only', () => {
  const live = createLive(startedAt);
  const tasks = [
    task('pend1', { lastStatus: 'PENDING' }),
    task('unch1'),
    task('serv1', { revision: 2 }),
    task('work1', { service: 'worker' }),
    task('stop1', { desiredStatus: 'STOPPED' }),
    task('kill1', { desiredStatus: 'STOPPED', lastStatus: 'STOPPED' }),
    task('gone1', { desiredStatus: 'STOPPED', lastStatus: 'STOPPED' }),
  ];
  live.moment(died('kill1'));
  live.visits([...Array(5)].map(() => visit({ task: 'serv1' })));
  live.visits([visit({ end: startedAt + 1_000 })]);
  const shown = (ms: number) =>
    live
      .now(startedAt + ms, look({ tasks, serving: new Set(['serv1']) }))
      .hosts.flatMap((host) =>
        host.tasks.map(({ id, version, state, perSecond }) => [id, version, state, perSecond].join(' ')),
      );

  expect(shown(1_500)).toStrictEqual([
    ...['pend 1 pending 0', 'unch 1 not checked 0', 'serv 2 serving 5', 'work 1 no route 0', 'stop 1 stopping 0'],
    'kill 1 killed 0',
  ]);
  expect(shown(5_000)).not.toContain('kill 1 killed 0');
});

it('shows many tasks of one service on one host as one', () => {
  const tasks = [...Array(35)].map((_, n) => task(`job${n}`, { service: 'worker' }));
  const [host] = createLive(startedAt).now(startedAt, look({ tasks: [...tasks, task('a')] })).hosts;

  expect(host?.tasks.map(({ service, count }) => [service, count])).toStrictEqual([
    ['hello-world', undefined],
    ['worker', 35],
  ]);
});

it.each<[string, number, Partial<Look>, string[], boolean, string]>([
  ['serves', 1, { tasks: [task('a')], serving: new Set(['a']) }, [], true, '1 of 1 task gets requests'],
  ['waits for its check', 2, { tasks: [task('a')] }, [], false, '0 of 2 tasks get requests'],
  ['is scaled to 0', 0, {}, [], false, 'scaled to 0, so its visitors get 503'],
  [
    'crashes',
    1,
    {},
    ['a', 'b', 'c'],
    false,
    '0 of 1 task gets requests; 3 tasks ended by themselves in the last minute: within five minutes Sluice reports it',
  ],
  ['lost two tasks', 0, {}, ['a', 'b'], false, 'scaled to 0, so its visitors get 503'],
])('says of a service that %s what is true', (_, desiredCount, more, deaths, isWell, text) => {
  const live = createLive(startedAt);
  for (const id of deaths) live.moment(died(id));
  const services = [{ name: 'hello-world', desiredCount }];

  expect(live.now(startedAt, look({ services, ...more })).services).toStrictEqual([
    { name: 'hello-world', text, isWell },
  ]);
});

it('follows a change from ECS to the proxy, with the time of each part', () => {
  const live = createLive(startedAt);
  const at = (ms: number) => ({ at: startedAt + ms });
  live.moment(moment('task-running', { ...at(0), text: 'task a runs' }));
  live.moment(moment('event', { ...at(200), text: 'the queue gets ECS Task State Change: task a' }));
  live.published(startedAt + 500, 290, 7, 'changed: a.cfg');
  live.moment(moment('command', at(2_500)));
  live.moment(moment('synced', { ...at(2_900), text: 'the sync on i-1 says: {"generation":7}' }));
  live.moment(moment('event', { ...at(60_000), text: 'the queue gets a message of scheduler' }));

  expect(live.now(startedAt, look()).loop.map(({ name, ms, text }) => `${name} ${ms}: ${text}`)).toStrictEqual([
    ...['ECS event 0: task a runs', 'queue 0: a message of scheduler', 'reconcile 290: changed: a.cfg'],
    ...['generation 0: number 7', 'nudge 2000: Run Command starts the sync', 'sync 400: generation 7 is applied'],
  ]);
});

it('sums requests by second and by how they ended, and sends each second and each line once', () => {
  const live = createLive(startedAt);
  const lost = { error: 'socket hang up' };
  live.visits([
    visit({}),
    visit({ status: 503 }),
    visit({ ...lost, end: startedAt + 999 }),
    visit({ end: startedAt + 1_000 }),
  ]);
  live.line({ at: startedAt + 5, source: 'ecs', text: 'one' });
  live.moment(moment('haproxy'));
  const nothing = { line: 0, second: 0, at: 0 };

  expect(live.history(nothing)).toStrictEqual({
    points: [[second, 1, 1, 1]],
    lines: [{ n: 1, at: 5, source: 'ecs', text: 'one' }],
    marks: [{ at: startedAt, text: 'reload' }],
  });
  expect(live.now(startedAt + 1_500, look()).load).toStrictEqual({
    answered: 2,
    unavailable: 1,
    lost: 1,
    perSecond: 3,
  });
  expect(live.now(startedAt + 9_000, look()).load.perSecond).toBe(0);
  expect(live.history({ line: 1, second, at: startedAt })).toStrictEqual({ points: [], lines: [], marks: [] });
});

it('keeps no more after days than after minutes', () => {
  const live = createLive(startedAt);
  for (let n = 0; n < 5_000; n += 1) {
    const at = startedAt + n * 1_000;
    live.visits([visit({ end: at, task: `t${n}` })]);
    live.line({ at, source: 'ecs', text: `${n}` });
    live.moment(died(`t${n}`, n * 1_000));
  }
  const { points, lines, marks } = live.history({ line: 0, second: 0, at: 0 });

  expect([points.length, lines.length, marks.length]).toStrictEqual([60, 60, 30]);
  expect(
    live.now(startedAt + 5e6, look({ services: [{ name: 'hello-world', desiredCount: 0 }] })).services[0]?.text,
  ).toMatch(/ 6\d tasks ended/);
});
