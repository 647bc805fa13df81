import type { Task } from '../../scripts/soak/cluster';
import { causeOf, type Facts } from '../../scripts/soak/fate';
import type { Ended } from '../../scripts/soak/requests';

const ever = { from: 0, until: Number.POSITIVE_INFINITY };
const process = { pid: 0, exited: new Promise<never>(() => undefined), kill: () => undefined, write: () => undefined };
const task = (id: string, more: Partial<Task> = {}): Task => ({
  ...{ id, service: 'web', port: 1, log: '', process, ailing: [], isPublished: true },
  ...{ listensAt: 0, passedAt: 0, knownAt: 0 },
  ...more,
});
/** From 10 to 11 seconds, while the tasks a and b were well. */
const ended = (more: Partial<Ended> = {}): Ended => ({
  ...{ id: 'r1', kind: 'POST', secure: false, service: 'web', start: 10_000, end: 11_000 },
  ...more,
});
const facts = ({ a, b = task('b'), began = [] }: { a?: Task; b?: Task; began?: readonly string[] } = {}): Facts => ({
  tasks: [a ?? task('a'), b],
  known: new Map([['web', [ever]]]),
  began: new Map(began.length > 0 ? [['r1', began]] : []),
  refused: new Set(),
});

const hungUp = { error: 'socket hang up' };
const status = (code: number, words = '<!doctype html>') => ({ status: code, error: `status ${code}`, words });
const killed = (from: number, until = from + 50) => task('a', { killed: { from, until }, goneAt: until });
const closed = (id: string, closedAt: number, leftAt: number) =>
  task(id, { orderedAt: closedAt - 10, closedAt, leftAt });

it.each<[string, Ended, Facts, string]>([
  ['its task was killed', ended(hungUp), facts({ a: killed(10_900), began: ['a'] }), 'task killed'],
  ['another task was killed', ended(hungUp), facts({ a: killed(10_900), began: ['b'] }), 'proxy'],
  ['its task was killed, long before', ended(hungUp), facts({ a: killed(9_000), began: ['a'] }), 'proxy'],
  [
    'its task was killed, long before its end',
    ended({ ...hungUp, end: 20_000 }),
    facts({ a: killed(10_900), began: ['a'] }),
    'proxy',
  ],
  [
    'a GET that could be repeated',
    ended({ ...hungUp, kind: 'GET, slow' }),
    facts({ a: killed(10_900), began: ['a'] }),
    'proxy',
  ],
  [
    'a GET whose answer had begun',
    ended({ ...hungUp, kind: 'GET, slow', task: 'a' }),
    facts({ a: killed(10_900), began: ['a'] }),
    'task killed',
  ],
  ['it lay in a task that was killed', ended(hungUp), facts({ a: killed(10_900) }), 'task gone, unread'],
  ['it lay in a port that closed', ended(status(502)), facts({ a: closed('a', 10_900, 12_000) }), 'task gone, unread'],
  ['the proxy knew that the task leaves', ended(status(502)), facts({ a: closed('a', 10_900, 10_800) }), 'proxy'],
  ['nobody left', ended(hungUp), facts(), 'proxy'],
  ['no answer at all', ended({ error: 'no answer in 30 s' }), facts({ a: killed(10_900) }), 'proxy'],
  [
    'all its tasks had gone',
    ended(status(503)),
    facts({ a: killed(9_000), b: task('b', { orderedAt: 9_500 }) }),
    'no task',
  ],
  [
    'its only task was ill',
    ended(status(503)),
    facts({ a: killed(9_000), b: task('b', { ailing: [{ from: 9_500, until: 9_800 }] }) }),
    'no task',
  ],
  ['one task was well', ended(status(503)), facts({ a: killed(9_000) }), 'proxy'],
  [
    'a task answered 503',
    ended({ ...status(503), task: 'b' }),
    facts({ a: killed(9_000), b: task('b', { orderedAt: 9_500 }) }),
    'proxy',
  ],
  [
    'two ports had just closed',
    ended(status(503)),
    {
      ...facts({ a: closed('a', 9_900, 12_000), b: closed('b', 9_950, 12_000) }),
      tasks: [closed('a', 9_900, 12_000), closed('b', 9_950, 12_000), task('c')],
    },
    'ports closed',
  ],
  ['a moment without a task', ended({ ...status(503), end: 10_000 }), { ...facts(), tasks: [] }, 'no task'],
  [
    'it said so though the service had come before',
    ended(status(404)),
    { ...facts(), known: new Map([['web', [{ ...ever, from: 9_000 }]]]) },
    'proxy',
  ],
  [
    'HAProxy reset a stream after it had answered 503',
    ended({ kind: 'gRPC stream', error: 'gRPC code 1: Call cancelled' }),
    facts({ a: killed(9_000), b: task('b', { orderedAt: 9_500 }) }),
    'no task',
  ],
  [
    'HAProxy reset a stream that a task had begun',
    ended({ kind: 'gRPC stream', error: 'gRPC code 1: Call cancelled' }),
    facts({ a: killed(9_000), b: task('b', { orderedAt: 9_500 }), began: ['b'] }),
    'proxy',
  ],
  [
    'HAProxy ended an upload without a task for it',
    ended({ kind: 'upload', error: 'socket hang up' }),
    facts({ a: killed(9_000), b: task('b', { orderedAt: 9_500 }) }),
    'no task',
  ],
  [
    'HAProxy ended an upload that a task had begun',
    ended({ kind: 'upload', error: 'socket hang up' }),
    facts({ a: killed(9_000), b: task('b', { orderedAt: 9_500 }), began: ['b'] }),
    'proxy',
  ],
  [
    'HAProxy ended an upload while a task was well',
    ended({ kind: 'upload', error: 'socket hang up' }),
    facts({ b: task('b') }),
    'proxy',
  ],
  [
    'HAProxy ended a POST without a task for it',
    ended({ kind: 'POST', error: 'socket hang up' }),
    facts({ a: task('a', { orderedAt: 9_500 }), b: task('b', { orderedAt: 9_500 }) }),
    'proxy',
  ],
  ['one port had just closed', ended(status(503)), facts({ a: closed('a', 9_900, 12_000) }), 'proxy'],
  [
    'its service was not published',
    ended(status(404)),
    { ...facts(), known: new Map([['web', [{ from: 0, until: 10_500 }]]]) },
    'no service',
  ],
  ['its service was published all along', ended(status(404)), facts(), 'proxy'],
  ['HAProxy named a limit', ended(status(503, 'Too many requests are in progress here.')), facts(), 'limit'],
  [
    'it went to a closed port of an HTTP/2 task',
    ended(status(502)),
    { ...facts({ a: killed(9_000) }), refused: new Set(['r1']) },
    'refused, HTTP/2',
  ],
  [
    'it went to a closed port of an HTTP/2 task, and another task began it',
    ended(status(502)),
    { ...facts({ a: killed(9_000), began: ['b'] }), refused: new Set(['r1']) },
    'proxy',
  ],
  [
    'a GET to a closed port, while the other task was ill',
    ended({ ...status(502), kind: 'GET, HTTP/2' }),
    {
      ...facts({ a: killed(9_000), b: task('b', { ailing: [{ from: 9_500, until: 9_800 }] }) }),
      refused: new Set(['r1']),
    },
    'refused, HTTP/2',
  ],
  [
    'a GET to one of two closed ports',
    ended({ ...status(502), kind: 'GET, HTTP/2' }),
    {
      ...facts({ began: ['a'] }),
      tasks: [killed(9_000), closed('b', 9_500, 12_000), task('c')],
      refused: new Set(['r1']),
    },
    'refused, HTTP/2',
  ],
  [
    'a GET to one of two closed ports, of which the proxy knew one',
    ended({ ...status(502), kind: 'GET, HTTP/2' }),
    {
      ...facts(),
      tasks: [killed(9_000), closed('b', 9_500, 9_600), task('c')],
      refused: new Set(['r1']),
    },
    'proxy',
  ],
  [
    'a GET to a closed port, while another task was well',
    ended({ ...status(502), kind: 'GET, HTTP/2' }),
    { ...facts({ a: killed(9_000) }), refused: new Set(['r1']) },
    'proxy',
  ],
  [
    'another service answered',
    ended({ status: 200, task: 'x', answeredBy: 'api', error: 'a task of api answered' }),
    facts(),
    'proxy',
  ],
  ['it was pipelined behind the last one', ended({ ...hungUp, wasAnnounced: true }), facts(), 'announced'],
  ['the visitor left', ended({ ...hungUp, left: true }), facts(), 'client'],
])('%s', (_, request, known, cause) => {
  expect(causeOf(request, known)).toBe(cause);
});
