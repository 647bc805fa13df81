import { z } from 'zod';

import { quote } from '../printable';
import { readFields, Unreadable } from './fields';
import { parseTask, type Task } from './task';

/** What a batch of messages says. Only "look again" is certain; the tasks outrank an older answer of ECS for a while. */
export type Evidence = {
  readonly tasks: readonly (Task & { readonly at: number })[];
  /** The scheduled look: every proxy is nudged, changed or not. */
  readonly tick: boolean;
  readonly hosts: readonly { readonly arn: string; readonly draining: boolean }[];
  /** It holds something else, which may mean anything: a certificate was stored, a message cannot be read. */
  readonly unclear: boolean;
  /** EC2 instances that will be taken away. */
  readonly warned: readonly { readonly instanceId: string; readonly at: number }[];
  readonly faults: readonly string[];
};

/** For how long an event can be ahead of the API; ECS is eventually consistent (AWS: ECS API reference, RunTask). */
const ahead = 60_000;

const envelope = z.object({
  source: z.string(),
  'detail-type': z.string().optional(),
  time: z.string().optional(),
  detail: z.unknown().optional(),
});

const hostChange = z.object({ containerInstanceArn: z.string(), status: z.string() });
const spotType = 'EC2 Spot Instance Interruption Warning';
const spotWarning = z.object({ 'instance-id': z.string() });

/** Reads the bodies of a batch. One that cannot be read is a fault, not an error: ECS is read in full anyway. */
export function readEvidence(bodies: readonly string[]): Evidence {
  const tasks: (Task & { at: number })[] = [];
  const faults: string[] = [];
  const hosts: { arn: string; draining: boolean }[] = [];
  const warned: { instanceId: string; at: number }[] = [];
  let unclear = false;
  let tick = false;
  for (const body of bodies) {
    let message: unknown;
    try {
      message = JSON.parse(body);
      const { source, time = '', detail, ...event } = readFields(envelope, message);
      if (source === 'sluice.tick') tick = true;
      else if (event['detail-type'] === 'ECS Task State Change') {
        tasks.push({ ...parseTask(detail), at: Date.parse(time) || 0 });
      } else if (event['detail-type'] === 'ECS Container Instance State Change') {
        const { containerInstanceArn: arn, status } = readFields(hostChange, detail);
        hosts.push({ arn, draining: status === 'DRAINING' });
      } else {
        unclear = true;
        if (event['detail-type'] === spotType) {
          warned.push({ instanceId: readFields(spotWarning, detail)['instance-id'], at: Date.parse(time) || 0 });
        }
      }
    } catch (error) {
      if (!(error instanceof Unreadable || error instanceof SyntaxError)) throw error;
      unclear = true;
      const why = error instanceof Unreadable ? error.message : 'it is not JSON';
      faults.push(`ignored a message that is not what it says (${about(message)}${why}); ECS was read in full instead`);
    }
  }
  return { tasks, hosts, tick, unclear, warned, faults };
}

/**
 * What is true of each task: what ECS described, unless a recent event knows a later version.
 * A task never goes back: one that was published does not start again, and one that stops never runs again, whoever says so.
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
    if (now - at < ahead && task.version > (seen?.version ?? -1)) {
      known.set(task.id, seen?.state === 'stopping' ? { ...task, state: 'stopping' } : task);
    }
  }
  return [...known.values()];
}

/** Whom an event is about, as far as it can be read. */
function about(message: unknown): string {
  const { detail, resources, ...event } = (message ?? {}) as { detail?: unknown; resources?: unknown };
  const { taskArn, containerInstanceArn, ...other } = (detail ?? {}) as Record<string, unknown>;
  const [resource] = Array.isArray(resources) ? (resources as unknown[]) : [];
  const type = (event as Record<string, unknown>)['detail-type'];
  const named = [taskArn, containerInstanceArn, other['instance-id'], resource, type].find(
    (each) => typeof each === 'string' && each !== '',
  );
  return typeof named === 'string' ? `${/^[\x21-\x7e]+$/.test(named) ? named : quote(named)}: ` : '';
}
