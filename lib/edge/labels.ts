import { allow, deny } from './access';
import { auth } from './auth';
import { check, checkLabels } from './check';
import { hsts } from './hsts';
import type { Entry, Label, Shaped } from './label';
import { maintenance } from './maintenance';
import { maxconn } from './maxconn';
import { proto } from './proto';
import { rate } from './rate';
import { redirect } from './redirect';
import { sticky } from './sticky';
import { strip } from './strip';
import { timeout, timeoutIdle } from './timeout';

/** Their lines stand in a backend in this order. The last ends in `use-server`, which HAProxy wants behind all `http-request`. */
export const labels: readonly Label[] = [
  maintenance,
  deny,
  allow,
  redirect,
  strip,
  hsts,
  maxconn,
  rate,
  auth,
  check,
  ...checkLabels,
  timeout,
  timeoutIdle,
  proto,
  sticky,
];

export const labelLines = (backend: Shaped): readonly string[] =>
  labels.flatMap(({ key, lines }) => {
    const value = backend.labels[key];
    return value === undefined || lines === undefined ? [] : lines(value, backend).map((line) => `    ${line}`);
  });

export const labelEntries = ({ labels: own, servers }: Pick<Shaped, 'labels'> & Served): readonly Entry[] =>
  labels.flatMap(({ key, entries }) => (own[key] === undefined ? [] : (entries?.(servers) ?? [])));

type Served = { readonly servers: readonly { readonly name: string }[] };

export const labelWords = (given: Shaped['labels']): string =>
  labels.flatMap(({ key, server }) => (given[key] === undefined ? [] : (server?.(given[key]) ?? []))).join(' ');
