import * as z from 'zod/mini';

import { fieldsOf } from '../fleet/fields';
import { sha256, standardBytes } from '../generation/generation';
import { cut, printable } from '../printable';
import { parseJson } from '../settings';

/** A sentence about one service, `cluster/service`, or about the stage. */
export type Fault = { readonly service?: string; readonly message: string };

/** Releases before this one, and the sync, do not know this parameter. */
export const faultsName = (prefix: string): string => `${prefix}/haproxy/faults`;

/** What stands in the parameter, so that a run needs no memory of its own. */
export type Kept = {
  /** Of labels, routes and reads: every run finds them. */
  readonly faults: readonly Fault[];
  /** Of the services' tasks: only a tick finds them. */
  readonly ofTasks: readonly Fault[];
  /** So many more faults had no room. */
  readonly more: number;
  /** The epoch second since which exactly these faults stand. */
  readonly since: number;
  /** Services that ended tasks, and that a tick would not look at otherwise. */
  readonly ask: readonly string[];
  /** All faults at the last tick, as `setOf` writes them. */
  readonly atTick: string;
  /** The set that was mailed last, and the epoch second; the empty set says that all faults are gone. */
  readonly mailed?: { readonly set: string; readonly at: number };
  /** Why the last mail could not be sent. */
  readonly unmailed?: string;
};

export const nothingKept: Kept = { faults: [], ofTasks: [], more: 0, since: 0, ask: [], atTick: '' };

/** What stands now, for people: first what is wrong with tasks. */
export const standing = ({ ofTasks, faults, unmailed }: Kept): readonly Fault[] => [
  ...ofTasks,
  ...faults,
  ...(unmailed === undefined ? [] : [{ message: unmailed }]),
];

/** Foreign text in a fault is made printable, and cut off where it is long. */
export function faultOf(message: string, service?: string): Fault {
  const shown = printable(message);
  const text = shown.length > longest ? `${cut(shown, longest - 1)}…` : shown;
  return service === undefined ? { message: text } : { service, message: text };
}

const longest = 500;

/** The same for the same messages in any order; empty for none. */
export const setOf = (faults: readonly Fault[]): string =>
  faults.length === 0
    ? ''
    : sha256(
        faults
          .map(({ message }) => message)
          .sort()
          .join('\n'),
      ).slice(0, 16);

/** Replaces what differs from one answer of AWS to the next: ids of tasks, instances, deployments and requests, and times. */
export const withoutIds = (text: string): string => text.replace(ids, '…');

const ids =
  /\b(i-)?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b(i-)?[0-9a-f]{16,}\b|\b\d{4}-\d\d-\d\dT[\d:.]+Z?|\b\d{6,}\b/gi;

const fault = z.object({ service: z.optional(z.string()), message: z.string() });
const kept = z.object({
  faults: z.array(fault),
  ofTasks: z.array(fault),
  more: z.number(),
  since: z.number(),
  ask: z.array(z.string()),
  atTick: z.string(),
  mailed: z.optional(z.object({ set: z.string(), at: z.number() })),
  unmailed: z.optional(z.string()),
});

/** Never throws. What is damaged counts as never written: a mail may then come twice. */
export function parseKept(text: string | undefined): { readonly kept: Kept; readonly damage?: string } {
  if (text === undefined) return { kept: nothingKept };
  const read = fieldsOf(kept, parseJson(text));
  if ('why' in read) return { kept: nothingKept, damage: read.why };
  return { kept: read.value as Kept };
}

/** Fits a free parameter: from the longer list it leaves out the last faults, and counts them. */
export function printKept(all: Kept): string {
  const shown = { ...all, faults: [...all.faults], ofTasks: [...all.ofTasks], ask: [...all.ask] };
  for (;;) {
    // Parameter Store refuses `{{` (AWS: PutParameter, Value), which foreign text may hold.
    const text = JSON.stringify(shown).replace(/\{(?=\{)/g, '\\u007b');
    if (Buffer.byteLength(text) <= standardBytes) return text;
    const { faults, ofTasks, ask } = shown;
    if (faults.length + ofTasks.length === 0) ask.pop();
    else {
      (faults.length > ofTasks.length ? faults : ofTasks).pop();
      shown.more += 1;
    }
  }
}
