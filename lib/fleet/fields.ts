import { en } from 'zod/locales';
import type * as z from 'zod/mini';

import { quote } from '../printable';

/** AWS describes one thing unreadably; the message names the fields. */
export class Unreadable extends Error {
  override readonly name = 'Unreadable';
}

/** zod/mini itself says "Invalid input" of every fault. */
export const inEnglish = { error: (issue: z.core.$ZodRawIssue) => en().localeError(issue) };

/** The messages of a schema say what a field should be: "the ARN of a task". */
export function fieldsOf<Output>(
  schema: z.ZodMiniType<Output>,
  input: unknown,
): { readonly value: Output } | { readonly why: string } {
  const { success, data, error } = schema.safeParse(withoutNulls(input), inEnglish);
  if (success) return { value: data };
  return {
    why: error.issues
      .slice(0, mostFields)
      .map((issue) => faultOf(issue, input))
      .join(', '),
  };
}

/** In JSON an absent field may be `null`. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  const there = Object.entries(value).filter(([, each]) => each !== null);
  return Object.fromEntries(there.map(([key, each]) => [key, withoutNulls(each)]));
}

/** @throws Unreadable */
export function readFields<Output>(schema: z.ZodMiniType<Output>, input: unknown): Output {
  const read = fieldsOf(schema, input);
  if ('why' in read) throw new Unreadable(read.why);
  return read.value;
}

const mostFields = 3;

function faultOf(issue: z.core.$ZodIssue, input: unknown): string {
  const value = issue.path.reduce<unknown>((each, key) => (each as Record<PropertyKey, unknown> | null)?.[key], input);
  const field = issue.path.reduce<string>(
    (path, key) => (typeof key === 'number' ? `${path}[${key}]` : path === '' ? String(key) : `${path}.${String(key)}`),
    '',
  );
  if (value === undefined || value === null) return `${field || 'all of it'} is missing`;
  const shown = quote(typeof value === 'string' ? value : JSON.stringify(value));
  const wanted = issue.code === 'invalid_type' ? (kinds[issue.expected] ?? issue.expected) : issue.message;
  return `${field || 'it'} is ${shown}, which is not ${wanted}`;
}

const kinds: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};
