import { createFollower, merge } from '../../scripts/demo/narrator';
import { progressLine } from '../../scripts/demo/steps';
import { createTimeline } from '../../scripts/demo/timeline';
import type { Visit } from '../../scripts/demo/visit';
import type { Moment } from '../../scripts/local/world';

const moment = (at: number, kind: Moment['kind'], task: string, service = 'hello-world'): Moment => ({
  ...{ at, kind, task, service, revision: 2, text: 'as the world says it' },
});
const visit = (start: number, task: string): Visit => ({
  ...{ id: `r${start}`, kind: 'kept', method: 'GET', start, end: start + 10, status: 200, task },
});

it('follows the tasks of one service, and merges notes of a kind into one line', () => {
  const follower = createFollower('hello-world');
  const notes = [
    ...follower.moment(moment(1_000, 'task-running', 'aaaa1')),
    ...follower.moment(moment(900, 'task-running', 'bbbb1')),
    ...follower.moment(moment(900, 'task-running', 'cccc1', 'worker')),
    ...follower.moment(moment(950, 'sigterm', 'aaaa1')),
    ...follower.moment(moment(960, 'control-plane', '')),
    ...follower.visits([visit(3_700, 'aaaa1'), visit(3_800, 'aaaa1'), visit(3_900, 'bbbb1')]),
    ...follower.moment(moment(4_000, 'stop-ordered', 'aaaa1')),
    ...follower.moment(moment(4_000, 'stop-ordered', 'cccc1', 'worker')),
    ...follower.moment(moment(4_100, 'task-died', 'bbbb1')),
    ...follower.visits([visit(6_300, 'aaaa1')]),
    ...follower.quiet(7_000),
    ...follower.quiet(8_000),
    ...follower.quiet(9_000),
  ];

  expect(merge(notes).map(({ at, source, text }) => `${at} ${source}: ${text}`)).toStrictEqual([
    '900 ecs: tasks bbbb aaaa started version 2',
    '960 aws: as the world says it',
    '3710 proxy: first request to aaaa bbbb: 2.7 to 3.0 s after they started',
    '4000 ecs: task aaaa got a stop order',
    '4100 ecs: task bbbb was killed',
    '8000 proxy: last request to aaaa: 2.3 s after the stop order',
  ]);
});

it('wraps words at 80 columns, and never a command or a table', () => {
  const written: string[] = [];
  const timeline = createTimeline({ columns: 80, write: (text) => written.push(text) }, 0, false);
  const [words, command, row] = [
    'word '.repeat(30).trim(),
    `    curl ${'--option '.repeat(12)}`,
    `${'cell   '.repeat(14)}end`,
  ];
  timeline.text(`  ${words}\n${command}\n${row}`);
  timeline.line({ at: 1_000, source: 'ecs', text: words });
  const lines = written.join('').split('\n');

  expect(lines.filter((line) => line.length > 80)).toStrictEqual([command, row]);
  expect(lines.filter((line) => /^ {4}word|^ {17}word/.test(line))).toHaveLength(3);
});

it.each([
  [188, 'Step 5 of 14: kill a task (about 3 minutes left)'],
  [60, 'Step 5 of 14: kill a task (about a minute left)'],
  [12, 'Step 5 of 14: kill a task (less than a minute left)'],
])('says in a heading how much is left of %d seconds', (secondsLeft, heading) => {
  expect(progressLine({ step: 5, of: 14, name: 'kill a task', at: 0, secondsLeft })).toBe(heading);
});
