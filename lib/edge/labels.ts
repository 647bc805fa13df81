import { allow, deny } from './access';
import { check, checkLabels } from './check';
import type { Label, Shaped } from './label';
import { redirect } from './redirect';
import { timeout, timeoutIdle } from './timeout';

/** Their lines stand in a backend in this order. */
export const labels: readonly Label[] = [deny, allow, redirect, check, ...checkLabels, timeout, timeoutIdle];

export const labelLines = (backend: Shaped): readonly string[] =>
  labels.flatMap(({ key, lines }) => {
    const value = backend.labels[key];
    return value === undefined || lines === undefined ? [] : lines(value, backend).map((line) => `    ${line}`);
  });

export const labelWords = (given: Shaped['labels']): string =>
  labels.flatMap(({ key, server }) => (given[key] === undefined ? [] : (server?.(given[key]) ?? []))).join(' ');
