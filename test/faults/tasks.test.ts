import { type Ended, judge, type Look, type ServiceState, suspects, worthALook } from '../../lib/faults/tasks';
import { task } from '../builders';

const minute = 60_000;
const now = 1_000 * minute;
const ago = (minutes: number): number => now - minutes * minute;

const started = (minutes: number) => ({ at: ago(minutes), message: '(service crash) has started 1 tasks: (task 1).' });
const said = (message: string, minutes = 1) => ({ at: ago(minutes), message: `(service crash) ${message}` });
const deployed = (minutes: number, more: Partial<NonNullable<ServiceState['deployment']>> = {}) => ({
  ...{ definition: 'crash:2', createdAt: ago(minutes), failedTasks: 0, rollout: 'COMPLETED' },
  ...more,
});
/** A service that has been well for a day. */
const service = (given: Partial<ServiceState> = {}): ServiceState => ({
  ...{ desired: 1, running: 1, deployment: deployed(1_440), events: [] },
  ...given,
});

/** A task that lived half a minute and ended so many minutes ago. */
const ended = (minutes: number, given: Partial<Ended> = {}): Ended => ({
  ...{ definition: 'crash:2', createdAt: ago(minutes + 0.5), endedAt: ago(minutes) },
  ...{ stopCode: 'EssentialContainerExited', reason: 'Essential container in task exited' },
  containers: [{ name: 'app', exitCode: 1 }],
  ...given,
});
const ordered = { stopCode: 'ServiceSchedulerInitiated', reason: 'Scaling activity initiated by (deployment 1)' };
const spot = { stopCode: 'SpotInterruption', reason: 'Your Spot Task was interrupted.' };
const unhealthy = { stopCode: 'ServiceSchedulerInitiated', reason: 'Task failed container health checks' };
const image = 'CannotPullContainerError: manifest for shop:v9 not found';
const unpulled = { stopCode: 'TaskFailedToStart', reason: image, containers: [{ name: 'app' }] };
const oom = [
  { name: 'log', exitCode: 0 },
  { name: 'app', exitCode: 137, reason: 'OutOfMemoryError: too much' },
];

const loop = 'demo/crash: its tasks end again and again: ';
const ofApp = 'Essential container in task exited (container app, exit code 1)';
const advice = '; read the task’s log, then deploy a corrected revision';
const none = 'demo/crash: none of its tasks runs; ECS says: ';
const full = 'was unable to place a task because no container instance met all of its requirements.';

const judged = (state: ServiceState | string, tasks?: readonly Ended[] | string, known: readonly string[] = []) => {
  const name = 'demo/crash';
  const look: Look = {
    services: new Map([[name, state]]),
    ended: new Map(tasks === undefined ? [] : [[name, tasks]]),
    known: known.map((message) => ({ service: name, message })),
    now,
  };
  return judge(look).map(({ service, message }) => (service === name ? message : `of nobody: ${message}`));
};

describe('the verdict about a service', () => {
  const lacking = service({ running: 0 });

  it.each<[string, ServiceState, readonly Ended[], readonly string[]]>([
    ['three crashes in 15 minutes', service(), [1, 6, 14].map((at) => ended(at)), [`${loop}${ofApp}${advice}`]],
    ['two crashes', service(), [ended(1), ended(6)], []],
    ['a crash of the only task', lacking, [ended(1)], []],
    ['three crashes in an hour', service(), [ended(1), ended(6), ended(16)], []],
    ['the end of three tasks that had run for days', service(), [1, 1, 1].map((at) => ended(at, { createdAt: 0 })), []],
    ['crashes of the last revision', service(), [1, 2, 3].map((at) => ended(at, { definition: 'crash:1' })), []],
    ['a rolling deploy', service({ deployment: deployed(1) }), [1, 1, 1].map((at) => ended(at, ordered)), []],
    ['a loss of Spot instances', lacking, [1, 1, 1].map((at) => ended(at, spot)), []],
    ['a scale-up', service({ desired: 9, events: [1, 1, 1].map(started) }), [], []],
    ['a first start', service({ running: 0, deployment: deployed(2) }), [], []],
    ['a start a moment ago', service({ running: 0, events: [started(2)] }), [], []],
    [
      'health checks that fail',
      service(),
      [1, 2, 3].map((at) => ended(at, { ...unhealthy, containers: [] })),
      [`${loop}Task failed container health checks${advice}`],
    ],
    [
      'an image that is not there',
      lacking,
      [1, 2, 3].map((at) => ended(at, unpulled)),
      [`${loop}${image} (container app)${advice}`],
    ],
    [
      'too little memory, and a container beside it that ended well',
      service(),
      [1, 2, 3].map((at) => ended(at, { containers: oom })),
      [`${loop}Essential container in task exited (container app, exit code 137, OutOfMemoryError: too much)${advice}`],
    ],
    ['no capacity', service({ running: 0, events: [said(full), started(60)] }), [], [`${none}${full.slice(0, -1)}`]],
    ['no task and no event', lacking, [], [`${none}nothing`]],
    [
      'hostile words, with ids',
      service({
        running: 0,
        events: [said('failed\n\u001b[2J on i-0123456789abcdef0 (task 0123456789abcdef0123456789abcdef)')],
      }),
      [],
      [`${none}failed\\u{a}\\u{1b}[2J on … (task …)`],
    ],
  ])('%s', (_, state, tasks, faults) => {
    expect(judged(state, tasks)).toStrictEqual(faults);
  });

  const crashes = `${loop}${ofApp}${advice}`;
  const missing = `${none}${full.slice(0, -1)}`;
  it.each<[string, ServiceState | string, readonly Ended[] | string | undefined, string, readonly string[]]>([
    ['says the same of a mixed loop', service(), [ended(1, unpulled), ended(2), ended(3)], crashes, [crashes]],
    ['stays while ECS pauses', lacking, [ended(29)], crashes, [crashes]],
    ['ends when its tasks run', service(), [ended(16)], crashes, []],
    ['becomes another', service({ running: 0, events: [said(full)] }), [ended(31)], crashes, [missing]],
    ['stays while ECS tries', service({ running: 0, events: [started(1), said(full, 2)] }), [], missing, [missing]],
    ['ends with a deploy', service({ running: 0, deployment: deployed(1) }), [], missing, []],
    ['ends when none is wanted', service({ desired: 0, running: 0 }), undefined, missing, []],
    ['waits for its turn', lacking, undefined, crashes, [crashes]],
    [
      'stays unread',
      'AWS refuses it: AccessDenied: 0123456789abcdef0',
      undefined,
      crashes,
      [crashes, 'demo/crash: whether its tasks run cannot be seen: AWS refuses it: AccessDenied: …'],
    ],
    [
      'stays where its tasks cannot be read, and says so once',
      lacking,
      'throttled',
      'demo/crash: whether its tasks run cannot be seen: other words',
      ['demo/crash: whether its tasks run cannot be seen: throttled'],
    ],
  ])('a known one %s', (_, state, tasks, known, faults) => {
    expect(judged(state, tasks, [known])).toStrictEqual(faults);
  });

  it('of a service that is gone is none', () => {
    const known = [{ service: 'demo/gone', message: crashes }];
    expect(judge({ services: new Map(), ended: new Map(), known, now })).toStrictEqual([]);
  });
});

describe('whose ended tasks are read', () => {
  it.each<[string, ServiceState | string, boolean]>([
    ['all is well', service(), false],
    ['a task is missing', service({ running: 0 }), true],
    ['none is wanted', service({ desired: 0, running: 0, deployment: deployed(1, { failedTasks: 3 }) }), false],
    ['tasks of its deployment failed', service({ deployment: deployed(1, { failedTasks: 1 }) }), true],
    ['its deployment failed', service({ deployment: deployed(1, { rollout: 'FAILED' }) }), true],
    ['three tasks started in 15 minutes', service({ events: [1, 7, 14].map(started) }), true],
    ['two did', service({ events: [1, 7, 16].map(started) }), false],
    ['ECS does not describe it', 'denied', false],
  ])('%s', (_, state, isRead) => {
    expect(suspects(new Map([['demo/shop', state]]), now).chosen).toHaveLength(isRead ? 1 : 0);
  });

  it('are ten at a tick, by turns, so that each gets its turn', () => {
    const names = Array.from({ length: 25 }, (_, index) => `demo/service-${index}`);
    const all = new Map(names.map((name) => [name, service({ running: 0 })]));
    const ticks = [0, 5, 10].map((minutes) => suspects(all, now + minutes * minute));

    for (const { chosen, left } of ticks) expect([chosen.length, left.length]).toStrictEqual([10, 15]);
    expect(new Set(ticks.flatMap(({ chosen }) => chosen)).size).toBe(25);
  });
});

it('a tick looks at services without a task or with a young one, and at a third of the others, by turns', () => {
  const old = { createdAt: 0 };
  const tasks = ['a', 'b', 'c', 'd'].map((name) => task(name, { service: name, ...old }));
  const young = [
    task('e', { service: 'a', createdAt: ago(14) }),
    task('f', { service: 'g', ...old, state: 'starting' }),
  ];
  const services = ['demo/a', 'demo/b', 'demo/c', 'demo/d', 'demo/empty', 'demo/g'];
  const looks = [0, 5, 10].map((minutes) => worthALook(services, [...tasks, ...young], now + minutes * minute));

  for (const look of looks) expect(look).toStrictEqual(expect.arrayContaining(['demo/empty', 'demo/g']));
  expect(looks[0]).toContain('demo/a');
  expect(looks.map((look) => look.filter((name) => /[bcd]$/.test(name)).length)).toStrictEqual([1, 1, 1]);
});

it.each([
  [12, 3],
  [40, 4],
  [100, 4],
])('of %i steady services a tick looks at as many as fill calls of ten, and %i ticks see all', (count, ticks) => {
  const services = Array.from({ length: count }, (_, index) => `demo/s${index}`);
  const tasks = services.map((name) => task(name, { service: name.slice(5), createdAt: 0 }));
  const looks = Array.from({ length: ticks }, (_, tick) => worthALook(services, tasks, now + tick * 5 * minute));

  expect(new Set(looks.flat()).size).toBe(count);
  for (const look of looks) expect(look.length).toBeLessThanOrEqual(Math.max(count / 3, 10));
});
