import { createFollower, merge, type Note } from '../../scripts/demo/follow';
import type { Visit } from '../../scripts/demo/visit';
import type { Moment } from '../../scripts/local/world';

const moment = (at: number, kind: Moment['kind'], task: string, service = 'hello-world'): Moment => ({
  at,
  kind,
  task,
  service,
  revision: 2,
  text: 'as the world says it',
});
const visit = (start: number, task: string): Visit => ({
  id: `r${start}`,
  kind: 'kept',
  method: 'GET',
  start,
  end: start + 10,
  status: 200,
  task,
});
const texts = (notes: readonly Note[]): readonly string[] => merge(notes).map(({ text }) => text);

describe('createFollower', () => {
  it('notes the first request on a task, once, and how long it had waited', () => {
    const follower = createFollower('hello-world');
    follower.moment(moment(1_000, 'task-running', 'aaaa1'));

    expect(texts(follower.visits([visit(3_700, 'aaaa1'), visit(3_800, 'aaaa1')]))).toStrictEqual([
      'first request on aaaa: 2.7 s after it ran',
    ]);
    expect(follower.visits([visit(3_900, 'aaaa1')])).toStrictEqual([]);
  });

  it('notes the last request on a task when it has been left alone for a while after its stop order', () => {
    const follower = createFollower('hello-world');
    follower.moment(moment(1_000, 'stop-ordered', 'aaaa1'));
    follower.visits([visit(3_300, 'aaaa1')]);

    expect(follower.quiet(4_000)).toStrictEqual([]);
    expect(texts(follower.quiet(5_000))).toStrictEqual(['last request on aaaa: 2.3 s after the order']);
    expect(follower.quiet(6_000)).toStrictEqual([]);
  });

  it.each<[Moment['kind'], string]>([
    ['task-running', 'task aaaa runs version 2'],
    ['stop-ordered', 'task aaaa is told to stop'],
    ['task-died', 'task aaaa died without a word'],
    ['service', 'as the world says it'],
    ['control-plane', 'as the world says it'],
  ])('tells of %s', (kind, text) => {
    expect(texts(createFollower('hello-world').moment(moment(0, kind, 'aaaa1')))).toStrictEqual([text]);
  });

  it.each<Moment['kind']>(['task-pending', 'sigterm', 'output', 'event'])('is silent about %s', (kind) => {
    expect(createFollower('hello-world').moment(moment(0, kind, 'aaaa1'))).toStrictEqual([]);
  });

  it('tells what becomes of an instance, whatever runs on it', () => {
    const text = 'instance 127.0.0.1 is DRAINING';
    expect(texts(createFollower('hello-world').moment({ at: 0, kind: 'host', text }))).toStrictEqual([text]);
  });

  it("is silent about other services' tasks, and does not wait for their last request", () => {
    const follower = createFollower('hello-world');

    expect(follower.moment(moment(0, 'task-running', 'aaaa1', 'worker'))).toStrictEqual([]);
    expect(follower.moment(moment(0, 'stop-ordered', 'aaaa1', 'worker'))).toStrictEqual([]);
    expect(follower.quiet(60_000)).toStrictEqual([]);
  });
});

describe('merge', () => {
  const note = (at: number, about: string, task: string, ms?: number): Note => ({
    at,
    source: 'ecs',
    about,
    task,
    ...(ms === undefined ? {} : { ms }),
  });

  it('tells what happened to several tasks in one line, at the time of the first', () => {
    const notes = [
      note(20, 'runs version 2', 'bbbb'),
      note(30, 'is told to stop', 'cccc'),
      note(10, 'runs version 2', 'aaaa'),
    ];

    expect(merge(notes)).toStrictEqual([
      { at: 10, source: 'ecs', text: 'tasks aaaa bbbb run version 2' },
      { at: 30, source: 'ecs', text: 'task cccc is told to stop' },
    ]);
  });

  it('gives the range where the tasks differ', () => {
    const notes = [note(1, 'first request', 'aaaa', 2_510), note(2, 'first request', 'bbbb', 2_740)];

    expect(texts(notes)).toStrictEqual(['first request on aaaa bbbb: 2.5 to 2.7 s after they ran']);
  });
});
