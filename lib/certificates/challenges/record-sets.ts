import { z } from 'zod';

import { addingToRouted, type Policy, type Routed, removingFromRouted } from './routed';

/** A hosted zone; its name has no dot at the end. */
export type Zone = {
  readonly id: string;
  readonly name: string;
  readonly isPrivate: boolean;
  readonly nameServers: readonly string[];
};

const answer = z.object({ zone: z.string(), name: z.string(), value: z.string() });

/** A value that a TXT record must show, and where. `zone` is an id. */
export type Answer = Readonly<z.infer<typeof answer>>;

/** @throws when the text is no list of them. */
export function parseAnswers(text: string): readonly Answer[] {
  const read = z.array(answer).safeParse(JSON.parse(text));
  if (read.success) return read.data;
  throw new Error('it does not list answers with their zone, name and value');
}

/** A TXT record set as Route 53 holds it, its values quoted. */
export type RecordSet = {
  readonly name: string;
  readonly ttlSeconds: number;
  readonly values: readonly string[];
  readonly policy?: Policy;
};

/** All TXT records of one name. */
export type Records = RecordSet | Routed;

export type Change = { readonly action: 'CREATE' | 'DELETE'; readonly set: RecordSet };

/** Short, so that a resolver that saw an old answer forgets it before the next try. */
const ttlSeconds = 10;

/** The public zone that answers for a name: the longest that fits. A private twin answers only inside its VPC. */
export function zoneOf(name: string, zones: readonly Zone[]): Zone | undefined {
  const fitting = zones.filter((zone) => !zone.isPrivate && `.${name}`.endsWith(`.${zone.name}`));
  return fitting.sort((a, b) => b.name.length - a.name.length)[0];
}

/**
 * What to change so that a name shows further values beside those of others. Deleting exactly what was read and creating
 * what it becomes succeeds only if nobody else wrote in between.
 */
export function adding(name: string, before: Records | undefined, values: readonly string[]): readonly Change[] {
  if (before && 'routed' in before) return addingToRouted(before, values.map(quoted));
  const all = [...new Set([...(before?.values ?? []), ...values.map(quoted)])];
  if (all.length === (before?.values.length ?? 0)) return [];
  const after = { name, ttlSeconds: before?.ttlSeconds ?? ttlSeconds, values: all };
  return [...deleting(before), { action: 'CREATE', set: after }];
}

/** What to change so that exactly these values are gone. */
export function removing(before: Records | undefined, values: readonly string[]): readonly Change[] {
  if (before && 'routed' in before) return removingFromRouted(before, values.map(quoted));
  const own = new Set(values.map(quoted));
  const rest = before?.values.filter((value) => !own.has(value)) ?? [];
  if (before === undefined || rest.length === before.values.length) return [];
  return [
    ...deleting(before),
    ...(rest.length > 0 ? [{ action: 'CREATE', set: { ...before, values: rest } } as const] : []),
  ];
}

const deleting = (set: RecordSet | undefined): readonly Change[] => (set ? [{ action: 'DELETE', set }] : []);
const quoted = (value: string): string => `"${value}"`;

/** The values for each record set: several names, and several certificates, may share one. */
export function byRecordSet(answers: readonly Answer[]): readonly (readonly Answer[])[] {
  const sets = new Map<string, Answer[]>();
  for (const answer of answers) {
    const key = `${answer.zone} ${answer.name}`;
    sets.set(key, [...(sets.get(key) ?? []), answer]);
  }
  return [...sets.values()];
}
