import type { World } from '../../local/world';
import { short } from '../timeline';

type Tasks = ReturnType<World['ecs']['tasks']>;

/** What the world is asked for each time. */
export type Look = {
  readonly hosts: readonly Pick<ReturnType<World['ecs']['hosts']>[number], 'ec2Id' | 'address' | 'status' | 'lost'>[];
  readonly tasks: readonly Omit<Tasks[number], 'address' | 'port'>[];
  readonly services: readonly { readonly name: string; readonly desiredCount: number }[];
  /** The tasks that HAProxy sends requests to. */
  readonly serving: ReadonlySet<string>;
  /** Services whose tasks have no labels. */
  readonly unlabelled: readonly string[];
};

type TaskState = 'pending' | 'not checked' | 'serving' | 'no route' | 'stopping' | 'killed';
/** A task, or `count` tasks of a service that has too many on one host to show each. */
type Chip = {
  readonly id: string;
  readonly service: string;
  readonly version: number;
  readonly state: TaskState;
  readonly perSecond: number;
  readonly count?: number;
};
/** A task that was killed, and its service. */
type Death = { readonly at: number; readonly service: string };

const killedMs = 4_000;
/** How long a death counts for its service. */
export const crashMs = 60_000;
/** More tasks of one service on one host are one chip. */
const mostChips = 10;

/** What is true of the instances, their tasks and the services now. */
export const fleetOf = (look: Look, known: Known) => ({
  hosts: look.hosts.map((host) => hostOf(host, look, known)),
  services: look.services.map((service) => serviceOf(service, look, known)),
});

type Known = {
  readonly at: number;
  readonly died: ReadonlyMap<string, Death>;
  readonly rate: (task: string) => number;
};

function hostOf({ ec2Id, address, status, lost }: Look['hosts'][number], look: Look, { at, died, rate }: Known) {
  const isShown = ({ id, lastStatus }: Look['tasks'][number]) =>
    died.has(id) ? at - (died.get(id)?.at ?? 0) <= killedMs : lastStatus !== 'STOPPED';
  const chips = look.tasks
    .filter((task) => task.host === ec2Id && isShown(task))
    .map((task): Chip => {
      const { id, service, revision } = task;
      return { id: short(id), service, version: revision, state: stateOf(task, look, died), perSecond: rate(id) };
    });
  return { address, status: lost ? 'gone' : status === 'DRAINING' ? 'draining' : 'active', tasks: gathered(chips) };
}

function stateOf(task: Look['tasks'][number], look: Look, died: Known['died']): TaskState {
  if (died.has(task.id)) return 'killed';
  if (task.desiredStatus === 'STOPPED') return 'stopping';
  if (task.lastStatus === 'PENDING') return 'pending';
  if (look.unlabelled.includes(task.service)) return 'no route';
  return look.serving.has(task.id) ? 'serving' : 'not checked';
}

function gathered(chips: readonly Chip[]): readonly Chip[] {
  const many = (service: string) => chips.filter((chip) => chip.service === service).length > mostChips;
  const [shown, crowd] = [chips.filter(({ service }) => !many(service)), chips.filter(({ service }) => many(service))];
  const groups = new Map(crowd.map((chip) => [`${chip.service} ${chip.state}`, chip]));
  const count = (one: Chip) =>
    crowd.filter(({ service, state }) => service === one.service && state === one.state).length;
  return [...shown, ...[...groups].map(([id, chip]) => ({ ...chip, id, count: count(chip) }))];
}

/** What is true of a service, in words. */
function serviceOf(
  { name, desiredCount }: Look['services'][number],
  { tasks, serving, unlabelled }: Look,
  { at: now, died }: Known,
) {
  const isOurs = ({ service, desiredStatus }: Look['tasks'][number]) => service === name && desiredStatus === 'RUNNING';
  const own = tasks.filter((task) => isOurs(task) && task.lastStatus === 'RUNNING');
  const ended = [...died.values()].filter(({ service, at }) => service === name && now - at <= crashMs).length;
  const isRouted = !unlabelled.includes(name);
  const good = isRouted ? own.filter(({ id }) => serving.has(id)).length : own.length;
  const verb = isRouted ? (desiredCount === 1 ? 'gets' : 'get') : desiredCount === 1 ? 'runs' : 'run';
  const count = `${good} of ${desiredCount} ${desiredCount === 1 ? 'task' : 'tasks'} ${verb}${isRouted ? ' requests' : ''}`;
  const scaled = `scaled to 0${isRouted && good === 0 ? ', so its visitors get 503' : ''}`;
  const crashes =
    ended > 2 ? `; ${ended} tasks ended by themselves in the last minute: within five minutes Sluice reports it` : '';
  const text = (desiredCount === 0 ? scaled : count) + (isRouted ? '' : ', without labels, so not routed') + crashes;
  return { name, text, isWell: crashes === '' && good >= desiredCount && (desiredCount > 0 || !isRouted) };
}
