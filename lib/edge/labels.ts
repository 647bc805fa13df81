import { allow, deny } from './access';
import { auth } from './auth';
import { check, checkLabels } from './check';
import { hsts } from './hsts';
import type { Entry, Label, Labels, Shaped } from './label';
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

/** In the order of the list, what each label of these adds. */
const added = <Of>(own: Labels, read: (label: Label, value: string) => readonly Of[] | undefined): readonly Of[] =>
  labels.flatMap((label) => {
    const value = own[label.key];
    return value === undefined ? [] : (read(label, value) ?? []);
  });

export const labelLines = (backend: Shaped): readonly string[] =>
  added(backend.labels, ({ lines }, value) => lines?.(value, backend)).map((line) => `    ${line}`);

type Served = { readonly labels: Labels; readonly servers: readonly { readonly name: string }[] };

export const labelEntries = ({ labels: own, servers }: Served): readonly Entry[] =>
  added(own, ({ entries }) => entries?.(servers));

export const labelWords = (own: Labels): string =>
  added(own, ({ server }, value) => server && [server(value)]).join(' ');
