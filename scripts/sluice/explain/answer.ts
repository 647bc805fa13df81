import type { Published } from '../../../lib/decide';
import type { ServiceState } from '../../../lib/faults/tasks';
import { isService, serviceKey } from '../../../lib/fleet/fleet';
import type { Backend, Server } from '../../../lib/haproxy/backend';
import { reservedHosts } from '../../../lib/haproxy/frontends';
import { eventOf, faultsOf, tasksOf } from '../service';
import type { Stage } from '../stage';
import { type Check, fine, wrong } from '../status/check';
import type { Asked } from './asked';

export type Target = {
  readonly backend: Backend;
  /** Absent if ECS could not be asked, or has no such service. */
  readonly state?: ServiceState | string;
  readonly published: Published;
  readonly stage: Stage;
  readonly now: number;
};

/** The tasks of the backend as HAProxy knows them. */
export function tasksCheck({ servers, stopped }: Backend): Check {
  const [first, second] = [false, true].map((isSecond) =>
    servers.filter((each) => (each.second === true) === isSecond),
  );
  const gone = Object.keys(stopped).length;
  const parts = [
    ...(first?.length ? [`${first.length} ${first.length === 1 ? 'serves' : 'serve'}: ${someOf(first)}`] : []),
    ...(second?.length
      ? [`${second.length} in reserve, because of a warning about the instance: ${someOf(second)}`]
      : []),
    ...(gone > 0 ? [`${gone} had to stop within the last hour`] : []),
  ];
  const says = parts.join('; ') || 'none is published';
  return servers.length > 0 ? fine('tasks', says) : wrong('tasks', says, 'see what ECS says of the service');
}

function someOf(servers: readonly Server[]): string {
  const some = servers.slice(0, 3).map(({ name, address, port }) => `${name.slice(0, 8)} at ${address}:${port}`);
  return servers.length > some.length ? `${some.join(', ')} and ${servers.length - some.length} more` : some.join(', ');
}

/** What ECS says now, and the faults that `reconcile` keeps. */
export function serviceChecks({ backend, state, published, stage, now }: Target): readonly Check[] {
  const faults = faultsOf(published.kept, serviceKey(backend), stage);
  return [
    ...(isService(backend) ? [ecsCheck(backend, state, stage, now)] : []),
    ...faults.map(({ says, next }) => wrong('fault', says, next)),
  ];
}

function ecsCheck({ cluster, service }: Backend, state: Target['state'], { aws }: Stage, now: number): Check {
  if (state === undefined)
    return wrong(
      'ecs',
      `there is no service ${service} any more`,
      'deploy it again, or look again after the next tick',
    );
  if (typeof state === 'string')
    return wrong('ecs', `whether its tasks run cannot be seen: ${state}`, 'run the same command again');
  const up = aws(`ecs update-service --cluster ${cluster} --service ${service} --desired-count 1`);
  if (state.desired === 0) return wrong('ecs', 'the service is scaled to 0', `${up} starts a task`);
  const { words, isWrong } = eventOf(state, now);
  const says = `${tasksOf(state)} ${state.desired === 1 ? 'runs' : 'run'}`;
  if (state.running >= state.desired) return fine('ecs', says);
  const next = isWrong
    ? 'correct what ECS names'
    : 'wait a minute if it was just deployed; else read the log of its tasks';
  const isBad = isWrong || state.running === 0;
  return isBad ? wrong('ecs', `${says}. ${words}`, next) : fine('ecs', `${says}. ${words}`);
}

export type Answer = { readonly says: string; readonly next?: string };

/** In this order a line says best what to do where nobody answers. */
const decisive = ['port', 'published', 'route', 'maintenance', 'fault', 'ecs', 'tasks'];

/** Who answers in the end, in one sentence, and what to do if nobody does. */
export function answerOf(steps: readonly Check[], asked: Asked, target: Target | undefined): Answer {
  const bad = steps.filter(({ ok }) => !ok);
  const unread = target === undefined ? bad.find(({ what }) => what === 'published') : undefined;
  const says = unread ? `nobody can be named: ${unread.says}` : whoAnswers(asked, target);
  const see = [...new Set(bad.map(({ what }) => what))].join(', ');
  if (!says.startsWith('nobody')) return { says: see ? `${says}; but see above: ${see}` : says };
  const next = decisive.flatMap((what) => bad.find((step) => step.what === what)?.next ?? [])[0];
  const [, hidden] = /^(\S+) has a fault: /.exec(bad.find(({ what }) => what === 'not served')?.says ?? '') ?? [];
  const either = hidden ? `if ${hidden} should answer, correct its fault; otherwise ${next}` : next;
  return { says, ...(either && { next: either }) };
}

function whoAnswers(asked: Asked, target: Target | undefined): string {
  if (asked.port) return 'nobody: no proxy listens on this port';
  if (reservedHosts.includes(asked.host))
    return 'HAProxy itself would answer: Sluice asks by this name whether it runs';
  if (target === undefined) return 'nobody: HAProxy answers 404';
  const { backend } = target;
  const { maintenance, redirect } = backend.labels;
  if (maintenance !== undefined)
    return `nobody${maintenance === 'on' ? '' : ' but those guests'}: HAProxy answers 503, because of the label haproxy.maintenance`;
  if (redirect) return 'HAProxy itself would answer, by a redirect';
  const why = whyNone(target);
  if (why) return `nobody: HAProxy answers 503, because ${why}`;
  const { length } = backend.servers;
  return `${serviceKey(backend)} would answer, by ${length === 1 ? 'its only task' : `one of ${length} tasks`}`;
}

function whyNone({ backend, state }: Target): string | undefined {
  const name = serviceKey(backend);
  if (typeof state === 'object' && state.desired === 0) return `${name} is scaled to 0`;
  if (typeof state === 'object' && state.running === 0) return `none of the tasks of ${name} runs`;
  return backend.servers.length === 0 ? `no task of ${name} is published` : undefined;
}
