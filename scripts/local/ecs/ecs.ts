import type { Delays } from '../delays';
import type { Event } from '../events/eventbridge';
import type { Say } from '../moment';
import type { Processes } from '../processes';
import type { Timers } from '../timers';
import { ecsAgent } from './agent';
import { playHosts } from './hosts';
import { type Service, scheduleServices } from './services';
import {
  arn,
  type Host,
  isHealthChecked,
  newTask,
  type Task,
  type TaskDefinition,
  type TaskDefinitionInput,
  taskArn,
} from './task';
import { eventTask } from './task-shapes';

export type EcsDeps = {
  readonly delays: Delays;
  readonly timers: Timers;
  readonly processes: Processes;
  readonly say: Say;
  readonly putEvent: (event: Event) => void;
};

/** ECS: the states of tasks, in its own order and at its own moments. Bridge mode on EC2. */
export function playEcs(hosts: Host[], { delays, timers, processes, say, putEvent }: EcsDeps) {
  const clusters = new Set(hosts.map(({ cluster }) => cluster));
  const definitions = new Map<string, TaskDefinition>();
  const services = new Map<string, Service>();
  const tasks = new Map<string, Task>();
  const state = { definitions, services, tasks, hosts, clusters };

  const agent = ecsAgent(processes, timers, {
    exited: containerExited,
    signalled: (task, { definition }) => tell('sigterm', task, `${definition.name} of ${name(task)} gets SIGTERM`),
    printed: (task, line) => tell('output', task, line),
    health: (task, healthStatus) => {
      change(task, { healthStatus });
      if (healthStatus === 'HEALTHY') tell('task-healthy', task, `${name(task)} passes its health check`);
    },
  });

  const name = ({ id, service }: Task): string => `task ${id.slice(0, 4)} of ${service}`;
  const tell = (kind: Parameters<Say>[0], task: Task, text: string): void =>
    say(kind, text, { task: task.id, service: task.service, revision: task.definition.revision });

  /** Every change counts `version` up and is an event, except health, which events do not carry. */
  function change(task: Task, to: Partial<Task>): void {
    Object.assign(task, to, { version: task.version + 1 });
    if (to.healthStatus === undefined) {
      putEvent({
        source: 'aws.ecs',
        'detail-type': 'ECS Task State Change',
        resources: [taskArn(task)],
        detail: eventTask(task),
      });
    }
  }

  function startTask(service: Service, host: Host): void {
    const definition = definitions.get(service.taskDefinition) as TaskDefinition;
    const task = newTask(service.name, definition, host);
    tasks.set(task.id, task);
    tell('task-pending', task, `${name(task)} is placed on ${host.address}`);
    change(task, {});
    timers.after(delays.taskStartMs, async () => {
      if (task.host.lost) return;
      if (task.desiredStatus === 'STOPPED') return gone(task);
      await agent.start(task);
      if (task.containers.some(({ exitCode }) => exitCode !== undefined)) return;
      if (task.desiredStatus !== 'RUNNING') return agent.stop(task); // Told to stop meanwhile.
      const port = task.containers.find(({ hostPort }) => hostPort !== undefined)?.hostPort;
      tell('task-running', task, `${name(task)} runs${port ? ` at ${task.address}:${port}` : ''}`);
      change(task, { lastStatus: 'RUNNING', startedAt: Date.now() });
      if (isHealthChecked(task)) agent.watchHealth(task, delays.healthMs, delays.healthStartMs);
    });
  }

  /**
   * The order is an event at once; SIGTERM goes out at the same moment. No delay between the two is documented.
   * The task is STOPPED a while after its containers are gone.
   */
  function stopTask(task: Task, why: string): void {
    if (task.desiredStatus === 'STOPPED') return;
    tell('stop-ordered', task, `ECS tells ${name(task)} to stop: ${why}`);
    end(task, 'ServiceSchedulerInitiated', `Scaling activity initiated by (deployment ecs-svc/${task.service})`);
  }

  function end(task: Task, stopCode: string, stoppedReason: string): void {
    change(task, { desiredStatus: 'STOPPED', stoppingAt: Date.now(), stopCode, stoppedReason });
    agent.stop(task);
  }

  function containerExited(task: Task, { definition, exitCode }: Task['containers'][number]): void {
    if (task.desiredStatus === 'RUNNING') {
      tell('task-died', task, `${name(task)} died: ${definition.name} ended with ${exitCode}`);
      end(task, 'EssentialContainerExited', 'Essential container in task exited');
    }
    if (task.containers.every((container) => container.exitCode !== undefined))
      timers.after(delays.taskStoppedMs, () => gone(task));
  }

  function gone(task: Task): void {
    if (task.lastStatus === 'STOPPED') return;
    tell('task-stopped', task, `${name(task)} is gone`);
    change(task, { lastStatus: 'STOPPED', stoppedAt: Date.now() });
    // Kept for an hour (AWS: DescribeTasks).
    timers.after(3_600_000, () => tasks.delete(task.id));
  }

  const instances = playHosts(hosts, {
    ...{ delays, timers, say, putEvent, tasks, gone },
    died: (task) => tell('task-died', task, `${name(task)} died with its instance`),
  });
  scheduleServices({ ...state, startTask, stopTask, delays, timers });

  return {
    ...state,
    instances,
    reusePorts: agent.reusePorts,

    registerTaskDefinition(input: TaskDefinitionInput): string {
      const revision = [...definitions.values()].filter(({ family }) => family === input.family).length + 1;
      const definition = { ...input, revision, arn: arn('task-definition', `${input.family}:${revision}`) };
      definitions.set(definition.arn, definition);
      return definition.arn;
    },

    putService(service: Service): void {
      if (!definitions.has(service.taskDefinition))
        throw new Error(`no task definition ${service.taskDefinition} is registered`);
      services.set(service.name, service);
      const wanted = `${service.desiredCount} × ${service.taskDefinition.replace(/^.*\//, '')}`;
      say('service', `${service.name}: ${wanted} wanted`, { service: service.name });
    },

    /** SIGKILL to every process of the task: ECS learns of it afterwards. */
    killTask(id: string): void {
      const task = tasks.get(id);
      if (task?.lastStatus !== 'RUNNING') throw new Error(`no task ${id} runs`);
      // Who serves goes first: the death that is noted is then the end of its socket, not that of a small process beside it.
      const serving = task.containers.filter(({ hostPort }) => hostPort !== undefined);
      for (const { process } of serving) process?.kill('SIGKILL');
      void Promise.all(serving.map(({ process }) => process?.exited)).then(() => {
        for (const { process } of task.containers) process?.kill('SIGKILL');
      });
    },
  };
}

export type Ecs = ReturnType<typeof playEcs>;
