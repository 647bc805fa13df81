import * as z from 'zod/mini';

import { quote } from '../printable';
import { readFields, Unreadable } from './fields';
import { type Fleet, isService, serviceKey } from './fleet';
import { parseTask, type Task } from './task';

/** An event only shows that ECS must be read again; for a minute its task outranks an older answer of ECS. */
export type Evidence = {
  readonly tasks: readonly (Task & { readonly at: number })[];
  /** A tick nudges every proxy, even without a change. */
  readonly tick: boolean;
  readonly hosts: readonly { readonly arn: string; readonly draining: boolean }[];
  /** Any other message: a certificate was stored, or the message cannot be read. */
  readonly unclear: boolean;
  readonly warned: readonly { readonly instanceId: string; readonly at: number }[];
  readonly faults: readonly string[];
  /** What the messages say, in words. */
  readonly causes: readonly string[];
};

const envelope = z.object({
  source: z.string(),
  'detail-type': z._default(z.string(), ''),
  time: z._default(z.string(), ''),
  detail: z.optional(z.unknown()),
});
const hostChange = z.object({ containerInstanceArn: z.string(), status: z.string() });
const spotWarning = z.object({ 'instance-id': z.string() });

/** A message that cannot be read is a fault, not an error, because ECS is read in full anyway. */
export function readEvidence(bodies: readonly string[]): Evidence {
  const all = bodies.map(readMessage);
  return {
    tasks: all.flatMap(({ tasks = [] }) => tasks),
    hosts: all.flatMap(({ hosts = [] }) => hosts),
    tick: all.some(({ tick }) => tick),
    unclear: all.some(({ unclear }) => unclear),
    warned: all.flatMap(({ warned = [] }) => warned),
    faults: all.flatMap(({ faults = [] }) => faults),
    causes: [...new Set(all.flatMap(({ causes = [] }) => causes))],
  };
}

function readMessage(body: string): Partial<Evidence> {
  let message: unknown;
  try {
    message = JSON.parse(body);
    const { source, 'detail-type': type, time, detail } = readFields(envelope, message);
    if (source === 'sluice.tick') return { tick: true, causes: ['the tick'] };
    const at = Date.parse(time) || 0;
    switch (type) {
      case 'ECS Task State Change':
        return ofTask({ ...parseTask(detail), at });
      case 'ECS Container Instance State Change': {
        const { containerInstanceArn: arn, status } = readFields(hostChange, detail);
        return { hosts: [{ arn, draining: status === 'DRAINING' }], causes: [`${hostOf(arn)} is ${status}`] };
      }
      case 'EC2 Spot Instance Interruption Warning': {
        const { 'instance-id': instanceId } = readFields(spotWarning, detail);
        return { unclear: true, warned: [{ instanceId, at }], causes: [`Spot warning for ${instanceId}`] };
      }
      default:
        return { unclear: true, causes: [source === 'sluice.renew' ? 'a certificate was stored' : 'another message'] };
    }
  } catch (error) {
    if (!(error instanceof Unreadable || error instanceof SyntaxError)) throw error;
    const why = error instanceof Unreadable ? error.message : 'it is not JSON';
    const fault = `ignored an unreadable message (${subjectOf(message)}${why}); ECS was read in full instead`;
    return { unclear: true, faults: [fault], causes: ['an unreadable message'] };
  }
}

const does = { starting: 'is starting', running: 'is RUNNING', stopping: 'is told to stop' };

function ofTask(task: Task & { readonly at: number }): Partial<Evidence> {
  const { id, cluster, service, state, family } = task;
  const owner = isService(task) ? serviceKey({ cluster, service }) : `${cluster}, family ${family}`;
  return { tasks: [task], causes: [`task ${brief(id)} of ${owner} ${does[state]}`] };
}

const hostOf = (arn: string): string => `container instance ${brief(arn.split('/').at(-1) ?? arn)}`;
const brief = (id: string): string => (id.length > 8 ? `${id.slice(0, 8)}…` : id);

function subjectOf(message: unknown): string {
  const { detail, resources, ...event } = (message ?? {}) as Record<string, unknown>;
  const { taskArn, containerInstanceArn, ...other } = (detail ?? {}) as Record<string, unknown>;
  const [resource] = Array.isArray(resources) ? (resources as unknown[]) : [];
  const named = [taskArn, containerInstanceArn, other['instance-id'], resource, event['detail-type']].find(
    (each) => typeof each === 'string' && each !== '',
  );
  return typeof named === 'string' ? `${/^[\x21-\x7e]+$/.test(named) ? named : quote(named)}: ` : '';
}

/** How long an event may be newer than the API, which is eventually consistent (AWS: ECS API reference, RunTask). */
const aheadMs = 60_000;

/**
 * Combines what ECS described with events. For each task the first row that fits decides:
 *
 * | ECS describes it as      | and                              | it is                                   |
 * | ------------------------ | -------------------------------- | --------------------------------------- |
 * | stopping                 |                                  | stopping: a stop order is final         |
 * | anything, or not at all  | a recent event, a later version  | what the event says                     |
 * | starting                 | it is published                  | running: the answer is an older one     |
 * | anything                 |                                  | what ECS describes                      |
 */
export function settle(
  described: readonly Task[],
  evidence: Evidence,
  published: ReadonlySet<string>,
  now: number,
): readonly Task[] {
  const known = new Map(described.map((task) => [task.id, task]));
  for (const task of described) {
    if (task.state === 'starting' && published.has(task.id)) known.set(task.id, { ...task, state: 'running' });
  }
  for (const { at, ...task } of evidence.tasks) {
    const seen = known.get(task.id);
    if (now - at < aheadMs && task.version > (seen?.version ?? -1)) {
      known.set(task.id, seen?.state === 'stopping' ? { ...task, state: 'stopping' } : task);
    }
  }
  return [...known.values()];
}

/** What finished runs acted upon. ECS sends several events for one change; only the first costs reads. Losing this costs reads only. */
export type Reflected = {
  readonly tasks: Map<string, { readonly version: number; readonly state: Task['state'] | 'unlisted' }>;
  /** Draining, by container instance ARN; absent before the first run has finished. */
  hosts?: ReadonlyMap<string, boolean>;
};

/** The last events of a stopped task come minutes later, so as many tasks stay beside those of the last read. */
const keptTasks = 5_000;

/** Events after a stop order, and events of instances without tasks, need no new read. */
export function isReflected(evidence: Evidence, { tasks, hosts }: Reflected): boolean {
  if (evidence.tick || evidence.unclear || hosts === undefined) return false;
  const knowsTasks = evidence.tasks.every(({ id, version, state }) => {
    const known = tasks.get(id);
    const ended = known?.state === 'stopping' || (known?.state === 'unlisted' && state === 'stopping');
    return known !== undefined && (ended || version <= known.version);
  });
  return knowsTasks && evidence.hosts.every(({ arn, draining }) => (hosts.get(arn) ?? draining) === draining);
}

/** Call it only after the run has published and nudged. */
export function noteReflected(fleet: Fleet, reflected: Reflected): void {
  // ECS lists no task with a stop order, and does not describe it if it is not published.
  for (const [id, { version, state }] of reflected.tasks) {
    if (state === 'running') reflected.tasks.set(id, { version, state: 'unlisted' });
  }
  for (const { id, version, state } of fleet.tasks) {
    reflected.tasks.delete(id);
    reflected.tasks.set(id, { version, state });
  }
  for (const id of reflected.tasks.keys()) {
    if (reflected.tasks.size <= fleet.tasks.length + keptTasks) break;
    reflected.tasks.delete(id);
  }
  reflected.hosts = new Map([...fleet.hosts].map(([arn, { draining }]) => [arn, draining]));
}
