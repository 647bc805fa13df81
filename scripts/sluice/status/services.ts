import type { Published } from '../../../lib/decide';
import type { ServiceState } from '../../../lib/faults/tasks';
import { serviceKey } from '../../../lib/fleet/fleet';
import type { Backend } from '../../../lib/haproxy/backend';
import { overlaps } from '../../../lib/routes/routes';
import { eventOf, faultsOf, readStates, type States, tasksOf, urlsOf } from '../service';
import type { Stage } from '../stage';
import { type Check, fine, unseen, wrong } from './check';
import type { Clients } from './clients';

/** A line for each service that is published, or has a fault; then the faults of no service, and shared hosts. */
export async function lookAtServices(
  clients: Clients,
  published: Published,
  stage: Stage,
  now: number,
): Promise<readonly Check[]> {
  const names = namesIn(published);
  const states = await readStates(clients, names).catch((error: Error) => error);
  return [
    ...(states instanceof Error ? [unseen('services', stage.region, states)] : []),
    ...names.map((name) =>
      serviceCheck(name, { published, stage, now, ...(!(states instanceof Error) && { states }) }),
    ),
    ...stageFaults(published, stage),
    // This is allowed, so it is not a fault; it is shown because it may be a mistake.
    ...overlaps(published.backends).map((each) => fine('shared host', each)),
  ];
}

const routed = ({ backends }: Published): readonly Backend[] => backends.filter(({ routes }) => routes.length > 0);

const namesIn = (published: Published): readonly string[] => {
  const { faults, ofTasks } = published.kept;
  const faulty = [...faults, ...ofTasks].flatMap(({ service }) => service ?? []);
  return [...new Set([...routed(published).map(serviceKey), ...faulty])].sort();
};

type Look = {
  readonly published: Published;
  /** Absent if ECS cannot be asked. */
  readonly states?: States;
  readonly stage: Stage;
  readonly now: number;
};

export function serviceCheck(name: string, { published, states, stage, now }: Look): Check {
  const what = `service ${name}`;
  const own = routed(published).filter((backend) => serviceKey(backend) === name);
  const urls = urlsOf(
    own,
    published.certificates.flatMap(({ names }) => names),
  );
  const state = states?.get(name);
  const [fault, ...more] = faultsOf(published.kept, name, stage);
  const tasks = typeof state === 'object' ? `, ${tasksOf(state)}` : '';
  if (fault) {
    const stays = fault.isOfTasks ? urls : `its last good route ${urls} stays`;
    const also = more.length > 0 ? `; and ${more.length} more: ${more.map(({ says }) => says).join('; ')}` : '';
    return wrong(what, `${own.length > 0 ? stays : 'not served'}${tasks}. ${capital(fault.says)}${also}`, fault.next);
  }
  if (states === undefined || name.includes('/.')) return unasked(what, urls, own);
  if (typeof state === 'string')
    return wrong(what, `${urls}. Whether its tasks run cannot be seen: ${state}`, 'run the same command again');
  if (state === undefined)
    return fine(what, `${urls}. ECS has no such service any more: the next run takes its routes`);
  return counted(what, urls, own, state, now);
}

const capital = (words: string): string => words.replace(/^[a-z]/, (letter) => letter.toUpperCase());

/** Tasks that get requests, as published. */
const serving = (backends: readonly Backend[]): number =>
  new Set(backends.flatMap(({ servers }) => servers.map(({ name }) => name))).size;

function unasked(what: string, urls: string, own: readonly Backend[]): Check {
  const count = serving(own);
  return fine(what, `${urls}, ${count} ${count === 1 ? 'task gets' : 'tasks get'} requests`);
}

const young = 'wait a minute if it was just deployed';

function counted(what: string, urls: string, own: readonly Backend[], state: ServiceState, now: number): Check {
  const { desired, running } = state;
  const event = eventOf(state, now);
  if (desired === 0) return fine(what, `${urls}, scaled to 0: its URL answers 503`);
  if (running === 0) return wrong(what, `${urls}, ${tasksOf(state)}. ${event.words}`, `${young}; else ${readItsLog}`);
  if (serving(own) === 0)
    return wrong(what, `${urls}, ${tasksOf(state)}, none gets requests yet`, `${young}: a new task must be published`);
  if (running >= desired) return fine(what, `${urls}, ${tasksOf(state)}`);
  const says = `${urls}, ${tasksOf(state)}. ${event.words}`;
  return event.isWrong ? wrong(what, says, 'correct what ECS names') : fine(what, says);
}

const readItsLog = 'correct what ECS names, or read the log of its tasks';

function stageFaults({ kept, damage }: Published, stage: Stage): readonly Check[] {
  const log = `read the log group ${stage.log('reconcile')}, which names all`;
  return [
    // Whether something is damaged is seen afresh: see `published`.
    ...faultsOf(kept, undefined, stage)
      .filter(({ says }) => !says.includes(' is damaged ('))
      .map(({ says, next }) => wrong('fault', says, next)),
    ...(kept.more > 0 ? [wrong('fault', `${kept.more} more have no room here`, log)] : []),
    ...(damage === undefined ? [] : [wrong('fault', damage, 'wait for the next tick')]),
  ];
}
