import type { Definition, Secrets } from '../fleet/fleet';
import type { Task } from '../fleet/task';
import { quote } from '../printable';
import { auth } from './auth';
import type { Labels } from './label';

type Owner = Pick<Task, 'cluster' | 'service'>;

const keyOf = ({ cluster, service }: Owner, name: string): string => `${cluster}.${service}/${name}`;

export function namedSecrets(
  running: readonly Task[],
  definitions: ReadonlyMap<string, Definition>,
): readonly string[] {
  const keys = running.flatMap((task) => namesIn(definitions.get(task.definition)).map((name) => keyOf(task, name)));
  return [...new Set(keys)].sort();
}

/** A service has no more routes; Parameter Store takes 40 calls a second for the whole account. */
const mostNames = 50;

function namesIn(definition: Definition | undefined): readonly string[] {
  const labels = (definition?.containers ?? []).flatMap((container) => Object.entries(container.labels));
  const values = labels.flatMap(([label, value]) => (/^haproxy\.(.*\.)?auth$/.test(label) ? value.trim() : []));
  return [...new Set(values.flatMap((value) => auth.read(value) ?? []))].slice(0, mostNames);
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
