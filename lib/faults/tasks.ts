import { serviceKey } from '../fleet/fleet';
import type { Task } from '../fleet/task';
import { type Fault, faultOf, withoutIds } from './faults';

/** A service as DescribeServices describes it; times are in milliseconds. */
export type ServiceState = {
  readonly desired: number;
  readonly running: number;
  /** The newest deployment. */
  readonly deployment?: {
    readonly definition: string;
    readonly createdAt: number;
    readonly failedTasks: number;
    readonly rollout: string;
  };
  /** The newest first. */
  readonly events: readonly { readonly at: number; readonly message: string }[];
};

/** A task that ended, or has to end (AWS: DescribeTasks). */
export type Ended = {
  readonly definition: string;
  readonly createdAt: number;
  readonly endedAt: number;
  readonly stopCode: string;
  readonly reason: string;
  readonly containers: readonly { readonly name: string; readonly exitCode?: number; readonly reason?: string }[];
};

export type Look = {
  /** Or why ECS does not describe the service; no entry if it is gone. */
  readonly services: ReadonlyMap<string, ServiceState | string>;
  readonly ended: ReadonlyMap<string, readonly Ended[] | string>;
  readonly known: readonly Fault[];
  readonly now: number;
};

const minute = 60_000;
/** So many tasks that end by themselves within so long are a loop of crashes. */
const loop = { tasks: 3, within: 15 * minute };
/** ECS waits up to 27 minutes before it starts a task again that never ran (AWS: service throttle logic). */
const longestPause = 30 * minute;
/** What ended after a longer life is one failure, such as that of a database, which ends all tasks at once. */
const shortLife = 60 * minute;
/** A deployment, and the replacement of a lost instance, may take so long. */
const settling = 10 * minute;
/** Two calls each. */
const mostChosen = 10;

/**
 * The services that a tick looks at. A loop of crashes shows young tasks, or none; of the others about a third is looked at, so that a young
 * task that was just missing is found by another tick.
 */
export function worthALook(
  services: readonly string[],
  tasks: readonly Pick<Task, 'cluster' | 'service' | 'state' | 'createdAt'>[],
  now: number,
): readonly string[] {
  const steady = new Set(tasks.filter(({ state }) => state === 'running').map(serviceKey));
  for (const task of tasks) if (now - task.createdAt < loop.within) steady.delete(serviceKey(task));
  const turns = Math.ceil(services.length / fullCalls(services.length / 3)) || 1;
  const turn = Math.floor(now / (5 * minute)) % turns;
  return services.filter((service, index) => !steady.has(service) || index % turns === turn);
}

/** ECS describes ten services a call. */
const fullCalls = (services: number): number => (services > 10 ? Math.round(services / 10) * 10 : services);

/** The services whose ended tasks are worth reading: so many of them, by turns. */
export function suspects(
  services: Look['services'],
  now: number,
): { readonly chosen: readonly string[]; readonly left: readonly string[] } {
  const all = [...services]
    .flatMap(([service, state]) => (typeof state !== 'string' && isSuspect(state, now) ? service : []))
    .sort();
  const first = all.length > mostChosen ? (Math.floor(now / (5 * minute)) * mostChosen) % all.length : 0;
  const turned = [...all.slice(first), ...all.slice(0, first)];
  return { chosen: turned.slice(0, mostChosen), left: turned.slice(mostChosen) };
}

/** `failedTasks` does not count tasks that ran (AWS: Deployment), so starts are counted too. */
function isSuspect({ desired, running, deployment, events }: ServiceState, now: number): boolean {
  if (desired === 0) return false;
  const starts = events.filter(({ at, message }) => now - at < loop.within && isStart(message));
  const hasFailed = deployment !== undefined && (deployment.failedTasks > 0 || deployment.rollout === 'FAILED');
  return running < desired || hasFailed || starts.length >= loop.tasks;
}

const isStart = (message: string): boolean => /\bhas started \d+ tasks?\b/.test(message);

/** A service that could not be read keeps the faults that it had. */
export function judge(look: Look): readonly Fault[] {
  return [...look.services]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([service, state]) => {
      const ended = look.ended.get(service);
      const had = look.known.filter((fault) => fault.service === service && !isUnseen(fault));
      if (typeof state === 'string') return [...had, unseen(service, state)];
      if (typeof ended === 'string') return [...had, unseen(service, ended)];
      if (ended === undefined) return isSuspect(state, look.now) ? had : [];
      return verdict(service, state, ended, had, look.now);
    });
}

const unseenWords = 'whether its tasks run cannot be seen';
const unseen = (service: string, why: string): Fault =>
  faultOf(`${service}: ${unseenWords}: ${withoutIds(why)}`, service);
const isUnseen = ({ service, message }: Fault): boolean => message.startsWith(`${service}: ${unseenWords}`);

/**
 * The first row that fits decides:
 *
 * | the service                                                          | it is                 |
 * | -------------------------------------------------------------------- | --------------------- |
 * | three tasks of its newest definition ended by themselves in 15 min.  | a loop of crashes     |
 * | it was one, lacks tasks, and another ended so since ECS's longest pause | still one          |
 * | no task runs, and nothing was deployed, started or ended for 10 min. | without a task        |
 * | anything else                                                        | well, or on its way   |
 */
function verdict(
  service: string,
  state: ServiceState,
  all: readonly Ended[],
  known: readonly Fault[],
  now: number,
): readonly Fault[] {
  const { desired, running, deployment } = state;
  const own = all
    .filter(({ definition }) => definition === (deployment?.definition ?? definition))
    .filter((task) => endedByItself(task) && task.endedAt - task.createdAt < shortLife)
    .sort((a, b) => b.endedAt - a.endedAt);
  const within = (age: number) => own.filter(({ endedAt }) => now - endedAt < age);
  const wasLoop = known.some(({ message }) => message.startsWith(`${service}: ${loopWords}`));
  const recent = within(loop.within);
  const inLoop = recent.length >= loop.tasks ? recent : wasLoop && running < desired ? within(longestPause) : [];
  if (inLoop.length > 0)
    return [
      sameAsBefore(
        inLoop.map((task) => crashLoop(service, task)),
        known,
      ),
    ];
  if (running > 0 || now - (known.length > 0 ? (deployment?.createdAt ?? 0) : lastChange(state, all)) < settling)
    return [];
  return [
    sameAsBefore(
      said(state, now).map((event) => withoutTask(service, inShort(event))),
      known,
    ),
  ];
}

const endedByItself = ({ stopCode, reason }: Ended): boolean =>
  /^(EssentialContainerExited|TaskFailedToStart)$/.test(stopCode) || /^Task failed .*health checks/i.test(reason);

function lastChange({ deployment, events }: ServiceState, ended: readonly Ended[]): number {
  const starts = events.flatMap(({ at, message }) => (isStart(message) ? at : []));
  return Math.max(deployment?.createdAt ?? 0, ...starts, ...ended.map(({ endedAt }) => endedAt));
}

/** Of several true sentences the one that stood before, or nobody could tell whether anything has changed. */
const sameAsBefore = (sentences: readonly Fault[], known: readonly Fault[]): Fault =>
  sentences.find(({ message }) => known.some((each) => each.message === message)) ?? (sentences[0] as Fault);

const loopWords = 'its tasks end again and again';

function crashLoop(service: string, { reason, stopCode, containers }: Ended): Fault {
  const guilty = containers.find(({ exitCode = 0, reason }) => exitCode !== 0 || reason) ?? containers[0];
  const code = guilty?.exitCode === undefined ? '' : `exit code ${guilty.exitCode}`;
  const shown = [guilty && `container ${guilty.name}`, code, guilty?.reason].filter(Boolean).join(', ');
  const why = withoutIds(`${reason || stopCode}${shown ? ` (${shown})` : ''}`);
  return faultOf(`${service}: ${loopWords}: ${why}; read the task’s log, then deploy a corrected revision`, service);
}

/** Newest first: what went wrong, or else the newest. */
function said({ events }: ServiceState, now: number): ServiceState['events'] {
  const recent = events.filter((event) => isWrong(event) && now - event.at < longestPause);
  return recent.length > 0 ? recent : [events[0] ?? { at: 0, message: 'nothing' }];
}

type Event = ServiceState['events'][number];
const isWrong = ({ message }: Event): boolean => /unable|fail|error|unhealthy|insufficient/i.test(message);

/** The event that a person should know, in short. */
export function telling(state: ServiceState, now: number): (Event & { readonly isWrong: boolean }) | undefined {
  const [event] = state.events.length > 0 ? said(state, now) : [];
  return event && { at: event.at, message: inShort(event), isWrong: isWrong(event) };
}

const inShort = ({ message }: Event): string =>
  message
    .replace(/^\(service [^)]*\) /, '')
    .replace(/\s*For more information, see .*$/s, '')
    .replace(/\.$/, '');

const withoutTask = (service: string, words: string): Fault =>
  faultOf(`${service}: none of its tasks runs; ECS says: ${withoutIds(words)}`, service);
