import { z } from 'zod';

import { parseTask, type Task } from './task';

/** What a batch of messages says. Only "look again" is certain; the tasks outrank an older answer of ECS for a while. */
export type Evidence = {
  readonly tasks: readonly (Task & { readonly at: number })[];
  /** The scheduled look: every proxy is nudged, changed or not. */
  readonly tick: boolean;
  /** EC2 instances that will be taken away. */
  readonly warned: ReadonlySet<string>;
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

const spotWarning = z.object({ 'instance-id': z.string() });

/** Reads the bodies of a batch. One that cannot be read is a fault, not an error: ECS is read in full anyway. */
export function readEvidence(bodies: readonly string[]): Evidence {
  const tasks: (Task & { at: number })[] = [];
  const faults: string[] = [];
  const warned = new Set<string>();
  let tick = false;
  for (const body of bodies) {
    try {
      const event = envelope.parse(JSON.parse(body));
      if (event.source === 'sluice.tick') tick = true;
      if (event['detail-type'] === 'ECS Task State Change') {
        tasks.push({ ...parseTask(event.detail), at: Date.parse(event.time ?? '') || 0 });
      }
      if (event['detail-type'] === 'EC2 Spot Instance Interruption Warning') {
        warned.add(spotWarning.parse(event.detail)['instance-id']);
      }
    } catch (error) {
      if (!(error instanceof z.ZodError || error instanceof SyntaxError)) throw error;
      faults.push(`ignored a message that is not what it says (${reason(error)}); ECS was read in full instead`);
    }
  }
  return { tasks, tick, warned, faults };
}

/**
 * What is true of each task: what ECS described, unless a recent event knows a later version.
 * A stop order is final, so a task known to stop is never running again, whoever says so.
 */
export function settle(described: readonly Task[], evidence: Evidence, now: number): readonly Task[] {
  const known = new Map(described.map((task) => [task.id, task]));
  for (const { at, ...task } of evidence.tasks) {
    const seen = known.get(task.id);
    if (now - at < ahead && task.version > (seen?.version ?? -1)) {
      known.set(task.id, seen?.state === 'stopping' ? { ...task, state: 'stopping' } : task);
    }
  }
  return [...known.values()];
}

const reason = (error: z.ZodError | SyntaxError): string =>
  error instanceof z.ZodError
    ? error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')
    : 'it is not JSON';
