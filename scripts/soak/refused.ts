import { conditionHolds } from '../real/haproxy';
import type { Service, Task } from './cluster';
import { type Ended, isRepeatable } from './requests';

/** From here on HAProxy counts a request as sent before its connection to an HTTP/2 server is established (docs/limits.md). */
export const sendsEarly = (): boolean => conditionHolds('version_atleast(3.2.10)');

/**
 * HAProxy's log ("option httplog") where a server ended before its answer had begun. What may be repeated was sent four times, because
 * HAProxy had no other task, or only such whose ports had closed too.
 */
const grammar =
  /\[(\d+)\/(\w+)\/(\d+):([\d:.]+)\] \S+ \S+\/([0-9a-f]{32}) \d+\/\d+\/\d+\/-1\/\d+ 502 \d+ - - SH-- (?:\S+\/0 \S+ "(POST) |\S+\/\+?3 \S+ "(GET) )/;

/** HAProxy reads the clock once for all that it does at a time, so its log may be a little early. */
const earlyMs = 100;

/** By then the checks have taken out a task whose port has closed: three that fail take 6 s. */
const unseenMs = 9_000;

type Refusal = { readonly at: number; readonly task: Task; readonly method: string };

/**
 * The requests that HAProxy sent to a port of an HTTP/2 task that had just closed, by HAProxy's own log. Each line accounts for one
 * request at most, so that no other fault is hidden.
 */
export function refusedOf(
  failed: readonly Ended[],
  log: readonly string[],
  tasks: readonly Task[],
  services: readonly Pick<Service, 'name' | 'speaks'>[],
): ReadonlySet<string> {
  const speakHttp2 = services.filter(({ speaks }) => speaks === 'h2c').map(({ name }) => name);
  const candidates = failed.filter(mayBeRefused).sort((a, b) => a.end - b.end);
  const refused = new Set<string>();
  for (const { at, task, method } of log.flatMap((line) => refusalIn(line, tasks)).sort((a, b) => a.at - b.at)) {
    if (!speakHttp2.includes(task.service)) continue;
    const isIt = ({ id, kind, service, start, end }: Ended) =>
      !refused.has(id) &&
      service === task.service &&
      method === (isRepeatable(kind) ? 'GET' : 'POST') &&
      start - earlyMs <= at &&
      at <= end;
    const request = candidates.find(isIt);
    if (request) refused.add(request.id);
  }
  return refused;
}

const mayBeRefused = ({ kind, status, task }: Ended): boolean =>
  status === 502 && task === undefined && kind !== 'WebSocket';

function refusalIn(line: string, tasks: readonly Task[]): readonly Refusal[] {
  const [, day, month, year, time, id, method = 'GET'] = grammar.exec(line) ?? [];
  const at = Date.parse(`${day} ${month} ${year} ${time}`);
  const task = tasks.find((each) => each.id === id);
  if (task === undefined || !hasJustClosed(task, at)) return [];
  const isReused = tasks.some((each) => each.port === task.port && (each.listensAt ?? at) < at && closedBy(each) > at);
  return isReused ? [] : [{ at, task, method }];
}

/** Once the proxy knows that the task leaves, it must send nothing more to it. */
export const hasJustClosed = (task: Task, at: number): boolean =>
  closedBy(task) <= at && at <= Math.min(closedBy(task) + unseenMs, task.leftAt ?? Number.POSITIVE_INFINITY);

const closedBy = ({ closedAt, killed, goneAt }: Task): number =>
  Math.min(...[closedAt, killed?.from, goneAt].map((end) => end ?? Number.POSITIVE_INFINITY));
