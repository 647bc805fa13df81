import type { Definition, Secrets } from '../fleet/fleet';
import type { Task } from '../fleet/task';
import { quote } from '../printable';
import { auth } from './auth';
import type { Labels } from './label';

type Owner = Pick<Task, 'cluster' | 'service'>;

/** A service has only its own. */
const keyOf = ({ cluster, service }: Owner, name: string): string => `${cluster}.${service}/${name}`;

/** What the labels of these tasks name. */
export function namedSecrets(
  running: readonly Task[],
  definitions: ReadonlyMap<string, Definition>,
): readonly string[] {
  const keys = running.flatMap((task) =>
    (definitions.get(task.definition)?.containers ?? []).flatMap(({ labels }) =>
      Object.entries(labels).flatMap(([label, value]) => {
        const name = /^haproxy\.(.*\.)?auth$/.test(label) ? auth.read(value.trim()) : undefined;
        return name === undefined ? [] : keyOf(task, name);
      }),
    ),
  );
  return [...new Set(keys)].sort();
}

type Labelled = { readonly container: string; readonly route: string; readonly labels: Labels };

/** Adds the version of its secret to each claim that names one. */
export function withVersions<Claim extends Labelled>(
  owner: Owner,
  claims: readonly Claim[],
  secrets: Secrets,
): { readonly claims: readonly Claim[]; readonly faults: readonly string[] } {
  const faults: string[] = [];
  const versioned = claims.map((claim): Claim => {
    const { auth: name, ...labels } = claim.labels;
    if (name === undefined) return claim;
    const secret = secrets.get(keyOf(owner, name)) ?? { fault: 'it was not read' };
    if ('version' in secret) return { ...claim, labels: { ...labels, auth: `${name}.${secret.version}` } };
    const label = `haproxy.${claim.route === '' ? '' : `${claim.route}.`}auth`;
    faults.push(`container ${quote(claim.container)}: ${label} ${quote(name)} cannot be used: ${secret.fault}`);
    return claim;
  });
  return { claims: versioned, faults };
}
