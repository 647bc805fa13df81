import { serviceReader } from '../../lib/aws/services';
import { covers } from '../../lib/certificates/certificate';
import type { Kept } from '../../lib/faults/faults';
import { standing } from '../../lib/faults/faults';
import { type ServiceState, telling } from '../../lib/faults/tasks';
import type { Backend } from '../../lib/haproxy/backend';
import type { Stage } from './stage';
import type { Clients } from './status/clients';

/** By `cluster/service`: what ECS says, or why it says nothing. A service that is gone has no entry. */
export type States = ReadonlyMap<string, ServiceState | string>;

/** Ten services a call. A task that was started alone has no count. */
export const readStates = ({ ecs }: Clients, services: readonly string[]): Promise<States> =>
  serviceReader(ecs).readServices(services.filter((service) => !service.includes('/.')));

/** `https` where a certificate covers the host. */
export const urlOf = ({ host, path }: { readonly host: string; readonly path: string }, certified: readonly string[]) =>
  `${certified.some((name) => covers(name, host)) ? 'https' : 'http'}://${host}${path}`;

export function urlsOf(backends: readonly Backend[], certified: readonly string[]): string {
  const [first = '', ...more] = backends.flatMap(({ routes }) => routes.map((route) => urlOf(route, certified)));
  return more.length > 0 ? `${first} (and ${more.length} more)` : first;
}

export const tasksOf = ({ running, desired }: ServiceState): string =>
  `${running} of ${desired} ${desired === 1 ? 'task' : 'tasks'}`;

export function eventOf(state: ServiceState, now: number): { readonly words: string; readonly isWrong: boolean } {
  const event = telling(state, now);
  if (event === undefined) return { words: 'ECS has no event of it', isWrong: false };
  return { words: `ECS, ${ago(now - event.at)}: ${event.message}`, isWrong: event.isWrong };
}

const units = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const;

function ago(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1000));
  const [unit, size] = units.find(([, each]) => seconds >= each) ?? (['second', 1] as const);
  const count = Math.floor(seconds / size);
  return `${count} ${unit}${count === 1 ? '' : 's'} ago`;
}

/** A fault in words, and what to do about it. `isOfTasks` if its tasks do not run; others quarantine the service. */
export type FaultWords = { readonly says: string; readonly next: string; readonly isOfTasks: boolean };

/** The sentences of one service, or, without one, those of the stage. */
export function faultsOf(kept: Kept, service: string | undefined, stage: Stage): readonly FaultWords[] {
  const own = standing(kept).filter((fault) => fault.service === service);
  return own.map(({ message }) => ({
    ...advised(withoutName(message, service), service, stage),
    isOfTasks: kept.ofTasks.some((fault) => fault.message === message),
  }));
}

/** The line of a service begins with its name, and says whether it is served. */
const withoutName = (message: string, service = ''): string =>
  (message.startsWith(service) ? message.slice(service.length).replace(/^[:,]? */, '') : message).replace(
    /^\S+ is not served, because (?=this stage)/,
    '',
  );

/** Most faults end in what to do. */
function advised(words: string, service: string | undefined, { aws }: Stage): Pick<FaultWords, 'says' | 'next'> {
  if (service !== undefined && words.startsWith('none of its tasks runs')) {
    const [cluster, name] = service.split('/');
    const all = aws(`ecs describe-services --cluster ${cluster} --services ${name}`);
    return { says: words, next: `correct what ECS names; ${all} shows all its events` };
  }
  if (/^revision \d+: /.test(words))
    return { says: words, next: 'correct the labels, and deploy the new revision: docs/labels.md, "Faults"' };
  const [, says = words, next = 'docs/labels.md, "Faults", says what to do'] = /^(.*); (.*?)$/s.exec(words) ?? [];
  return { says, next };
}
