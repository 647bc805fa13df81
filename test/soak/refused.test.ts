import type { Task } from '../../scripts/soak/cluster';
import { refusedOf } from '../../scripts/soak/refused';
import type { Ended } from '../../scripts/soak/requests';

const process = { pid: 0, exited: new Promise<never>(() => undefined), kill: () => undefined, write: () => undefined };
const id = 'ab'.repeat(16);
const at = new Date(2026, 10, 27, 2, 58, 0, 123).getTime();
const task = (more: Partial<Task> = { closedAt: at - 5 }): Task => ({
  ...{ id, service: 'rpc', port: 1, log: '', process, ailing: [], isPublished: true, listensAt: at - 9_000 },
  ...more,
});
const { listensAt: _, ...silent } = task({});
const ended = (more: Partial<Ended> = {}): Ended => ({
  ...{ id: 'r1', kind: 'gRPC call', secure: false, service: 'rpc', start: at - 10, end: at + 10, status: 502 },
  ...more,
});
const line = ({ server = id, timers = '0/0/0/-1/1', state = 'SH--', method = 'POST', tries = '0' } = {}): string =>
  `127.0.0.1:40218 [27/Nov/2026:02:58:00.123] sluice default.rpc/${server} ${timers} 502 612 - - ${state} 5/5/1/1/${tries} 0/0 "${method} http://rpc.example/ HTTP/2.0"`;
const services = [
  { name: 'rpc', speaks: 'h2c' },
  { name: 'web', speaks: 'http' },
] as const;
const refused = (failed: readonly Ended[], log: readonly string[], tasks: readonly Task[]) => [
  ...refusedOf(failed, log, tasks, services),
];

it('one line of the log accounts for one request', () => {
  const other = ended({ id: 'r2', end: at + 20 });

  expect(refused([other, ended()], [line()], [task()])).toStrictEqual(['r1']);
  expect(refused([other, ended()], [line(), line()], [task()])).toStrictEqual(['r1', 'r2']);
});

it.each<[string, Ended, string, readonly Task[]]>([
  ['its port was open', ended(), line(), [task({ closedAt: at + 5 })]],
  ['its port never closed', ended(), line(), [task({})]],
  ['its port closed long before', ended(), line(), [task({ closedAt: at - 9_001 })]],
  ['the proxy knew that the task leaves', ended(), line(), [task({ closedAt: at - 5, leftAt: at - 1 })]],
  ['its task was never heard of', ended(), line(), [silent]],
  ['another task had the port by then', ended(), line(), [task(), task({ id: 'b', closedAt: at + 5 })]],
  ['the log names another task', ended(), line({ server: 'cd'.repeat(16) }), [task()]],
  ['the answer had begun', ended(), line({ timers: '0/0/0/4/9' }), [task()]],
  ['the log names another end', ended(), line({ state: 'PH--' }), [task()]],
  ['it is a GET, and the line a POST', ended({ kind: 'GET, HTTP/2' }), line(), [task()]],
  ['the line is a GET', ended(), line({ method: 'GET', tries: '3' }), [task()]],
  ['a GET was not repeated', ended({ kind: 'GET, HTTP/2' }), line({ method: 'GET' }), [task()]],
  ['a POST was repeated', ended(), line({ tries: '3' }), [task()]],
  ['it is a WebSocket', ended({ kind: 'WebSocket' }), line(), [task()]],
  ['it is of another service', ended({ service: 'web' }), line(), [task()]],
  ['its tasks speak HTTP/1.1', ended({ service: 'web' }), line(), [task({ service: 'web', closedAt: at - 5 })]],
  ['it came later', ended({ start: at + 101 }), line(), [task()]],
  ['it ended before', ended({ end: at - 1 }), line(), [task()]],
  ['it was answered otherwise', ended({ status: 503 }), line(), [task()]],
  ['a task answered it', ended({ task: 'x' }), line(), [task()]],
])('does not excuse a request: %s', (_, request, log, tasks) => {
  expect(refused([request], [log], tasks)).toStrictEqual([]);
});

it('knows a GET that was repeated in vain', () => {
  const get = ended({ kind: 'GET, HTTP/2', start: at + 100, end: at + 110 });

  for (const tries of ['3', '+3'])
    expect(refused([get], [line({ method: 'GET', tries })], [task()])).toStrictEqual(['r1']);
});

it('knows a task that was killed', () => {
  const killed = task({ leftAt: at + 1, killed: { from: at - 5, until: at + 5 } });

  expect(refused([ended()], [line()], [killed])).toStrictEqual(['r1']);
});
