import { fail } from '../api/errors';
import type { Event } from '../events/eventbridge';
import type { Moment, Played } from '../moment';
import { type Agent, startContainers, stopContainers, watchHealth } from './agent';
import { playHosts } from './hosts';
import { type Service, scheduleServices } from './services';
import { eventTask } from './shapes';
import type { TaskDefinitionInput } from './task';
import { arn, type Host, isHealthChecked, newTask, type Task, type TaskDefinition, taskArn } from './task';

type EcsDeps = Omit<Played, 'atEnd'> & { readonly putEvent: (event: Event) => void };
type State = EcsDeps & {
  readonly clusters: ReadonlySet<string>;
  readonly definitions: Map<string, TaskDefinition>;
  readonly services: Map<string, Service>;
  readonly tasks: Map<string, Task>;
  readonly hosts: Host[];
  readonly agent: Agent;
};

/** Plays ECS, which changes the states of tasks in its own order and at its own moments. */
export function playEcs(hosts: Host[], deps: EcsDeps) {
  const clusters = new Set(hosts.map(({ cluster }) => cluster));
  const known = { clusters, definitions: new Map(), services: new Map(), tasks: new Map(), hosts };
  const state: State = { ...deps, ...known, agent: agentOf(deps, () => state) };
  scheduleServices({
    ...state,
    startTask: (service, host) => startTask(state, service, host),
    stopTask: (task, why) => stopTask(state, task, why),
  });
  return {
    ...state,
    ...playHosts(state, {
      gone: (task) => gone(state, task),
      died: (task) => tell(state, 'task-died', task, `${name(task)} died with its instance`),
    }),
    /** On: a port that was freed goes to the next task on its host. */
    reusePorts: (on: boolean): void => void Object.assign(state.agent, { isReusing: on }),
    registerTaskDefinition: (input: TaskDefinitionInput): string => registerTaskDefinition(state, input),
    putService: (service: Service): void => putService(state, service),
    /** Sends SIGKILL to every process of the task: ECS learns of it afterwards. */
    killTask: (id: string): void => killTask(state.tasks.get(id) ?? fail(`there is no task ${id}`)),
  };
}

export type Ecs = ReturnType<typeof playEcs>;

const agentOf = (deps: EcsDeps, state: () => State): Agent => ({
  ...{ processes: deps.processes, timers: deps.timers, ports: new Map(), freed: new Map(), isReusing: false },
  exited: (task, container) => containerExited(state(), task, container),
  signalled: (task, { definition }) => tell(deps, 'sigterm', task, `${definition.name} of ${name(task)} gets SIGTERM`),
  printed: (task, line) => tell(deps, 'output', task, line),
  health: (task, healthStatus) => {
    change(deps, task, { healthStatus });
    if (healthStatus === 'HEALTHY') tell(deps, 'task-healthy', task, `${name(task)} passes its health check`);
  },
});

function registerTaskDefinition({ definitions }: State, input: TaskDefinitionInput): string {
  const revision = [...definitions.values()].filter(({ family }) => family === input.family).length + 1;
  const definition = { ...input, revision, arn: arn('task-definition', `${input.family}:${revision}`) };
  definitions.set(definition.arn, definition);
  return definition.arn;
}

function putService({ definitions, services, say }: State, service: Service): void {
  if (!definitions.has(service.taskDefinition)) fail(`no task definition ${service.taskDefinition} is registered`);
  const before = services.get(service.name);
  const isDeploy = before?.taskDefinition !== service.taskDefinition;
  services.set(service.name, { ...service, deployedAt: (!isDeploy && before?.deployedAt) || Date.now() });
  const wanted = `${service.desiredCount} × ${service.taskDefinition.replace(/^.*\//, '')}`;
  say('service', `${service.name}: ${wanted} wanted`, { service: service.name });
}

const name = ({ id, service }: Task): string => `task ${id.slice(0, 4)} of ${service}`;

const tell = ({ say }: EcsDeps, kind: Moment['kind'], task: Task, text: string): void =>
  say(kind, text, { task: task.id, service: task.service, revision: task.definition.revision });

/** Every change counts `version` up and is an event, except health, which events do not carry. */
function change({ putEvent }: EcsDeps, task: Task, to: Partial<Task>): void {
  Object.assign(task, to, { version: task.version + 1 });
  if (to.healthStatus !== undefined) return;
  const kind = { source: 'aws.ecs', 'detail-type': 'ECS Task State Change' };
  putEvent({ ...kind, resources: [taskArn(task)], detail: eventTask(task) });
}

function startTask(state: State, service: Service, host: Host): void {
  const task = newTask(service.name, state.definitions.get(service.taskDefinition) as TaskDefinition, host);
  state.tasks.set(task.id, task);
  tell(state, 'task-pending', task, `${name(task)} is placed on ${host.address}`);
  change(state, task, {});
  state.timers.after(state.delays.taskStartMs, () => runTask(state, task));
}

async function runTask(state: State, task: Task): Promise<void> {
  const { agent, delays } = state;
  if (task.host.lost) return;
  if (task.desiredStatus === 'STOPPED') return gone(state, task);
  await startContainers(agent, task);
  if (task.containers.some(({ exitCode }) => exitCode !== undefined)) return;
  // It may have been told to stop meanwhile.
  if (task.desiredStatus !== 'RUNNING') return stopContainers(agent, task);
  const port = task.containers.find(({ hostPort }) => hostPort !== undefined)?.hostPort;
  tell(state, 'task-running', task, `${name(task)} runs${port ? ` at ${task.address}:${port}` : ''}`);
  change(state, task, { lastStatus: 'RUNNING', startedAt: Date.now() });
  if (isHealthChecked(task)) watchHealth(agent, task, delays.healthMs, delays.healthStartMs);
}

/**
 * The order is an event at once; SIGTERM goes out at the same moment. No delay between the two is documented.
 * The task is STOPPED a while after its containers are gone.
 */
function stopTask(state: State, task: Task, why: string): void {
  if (task.desiredStatus === 'STOPPED') return;
  tell(state, 'stop-ordered', task, `ECS tells ${name(task)} to stop: ${why}`);
  end(state, task, 'ServiceSchedulerInitiated', `Scaling activity initiated by (deployment ecs-svc/${task.service})`);
}

function end(state: State, task: Task, stopCode: string, stoppedReason: string): void {
  change(state, task, { desiredStatus: 'STOPPED', stoppingAt: Date.now(), stopCode, stoppedReason });
  stopContainers(state.agent, task);
}

function containerExited(state: State, task: Task, { definition, exitCode }: Task['containers'][number]): void {
  if (task.desiredStatus === 'RUNNING') {
    tell(state, 'task-died', task, `${name(task)} died: ${definition.name} ended with ${exitCode}`);
    end(state, task, 'EssentialContainerExited', 'Essential container in task exited');
  }
  if (task.containers.every((container) => container.exitCode !== undefined))
    state.timers.after(state.delays.taskStoppedMs, () => gone(state, task));
}

function gone(state: State, task: Task): void {
  if (task.lastStatus === 'STOPPED') return;
  tell(state, 'task-stopped', task, `${name(task)} is gone`);
  change(state, task, { lastStatus: 'STOPPED', stoppedAt: Date.now() });
  // Kept for an hour (AWS: DescribeTasks).
  state.timers.after(3_600_000, () => state.tasks.delete(task.id));
}

function killTask({ id, lastStatus, containers }: Task): void {
  if (lastStatus !== 'RUNNING') fail(`task ${id} does not run`);
  // The container that serves is killed first, so that the reported death is the end of its socket, not of a process beside it.
  const serving = containers.filter(({ hostPort }) => hostPort !== undefined);
  for (const { process } of serving) process?.kill('SIGKILL');
  void Promise.all(serving.map(({ process }) => process?.exited)).then(() => {
    for (const { process } of containers) process?.kill('SIGKILL');
  });
}
