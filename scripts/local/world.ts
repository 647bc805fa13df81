/*
 * The AWS around Sluice, on one machine, built from what `sls package` produced.
 *
 * Real: the packaged functions, as bundled, in Node processes of their own; the SDK clients in them; the SSM document
 *   and the sync in it; HAProxy; the tasks, which are processes on ports of their own; SIGTERM, SIGKILL, every socket.
 * Read from the package: event patterns, queue settings, schedules, environments, timeouts, the actions of the policies.
 * Played: ECS, EventBridge and its Scheduler, SQS FIFO, Lambda's invocations, Run Command, Parameter Store, IMDS,
 *   systemd's restarts; and their delays (delays.ts). Every played behaviour names the AWS document, or says ASSUMED.
 * Not played: IAM conditions and resources (only actions count), KMS, quotas, other network modes than bridge.
 */
import { platform } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Call } from './api';
import { type Aws, deployStack } from './aws';
import { controlPlaneDelay, type Delays, delays as defaults } from './delays';
import { type Ecs, playEcs } from './ecs';
import { ecsHandlers } from './ecs-api';
import { freePorts } from './haproxy';
import { type Ports, type ProxyInstance, proxyInstance } from './instance';
import type { Invocation } from './lambda';
import type { Moment, Say } from './moment';
import { processes as startProcesses } from './processes';
import { filled } from './run-command';
import { isSteady } from './services';
import { arn, type Host, type Task, type TaskDefinitionInput } from './task';
import { timers as startTimers } from './timers';

export type { Delays, Moment, TaskDefinitionInput };

type ServiceInput = {
  name: string;
  taskDefinition: string;
  desiredCount: number;
  minimumHealthyPercent?: number;
  maximumPercent?: number;
};
export type TaskView = {
  readonly id: string;
  readonly service: string;
  readonly revision: number;
  readonly desiredStatus: string;
  readonly lastStatus: string;
  readonly address: string;
  readonly port?: number;
  readonly startedAt?: number;
};

export type World = {
  readonly ecs: {
    registerTaskDefinition(input: TaskDefinitionInput): string;
    createService(service: ServiceInput): void;
    updateService(name: string, change: { desiredCount?: number; taskDefinition?: string }): void;
    killTask(id: string): void;
    tasks(service?: string): readonly TaskView[];
    /** The wanted tasks run and are healthy, and no other is left. */
    steady(service: string, timeoutMs?: number): Promise<void>;
  };
  readonly proxy: ProxyInstance['proxy'];
  /** Off: the API answers 503, no function runs, commands wait, and events are held or lost. ECS itself goes on. */
  controlPlane(on: boolean, events?: 'held' | 'lost'): void;
  tick(): void;
  /** How often each action was called so far, named as in IAM. */
  calls(): Readonly<Record<string, number>>;
  /** Calls that no packaged policy names. */
  denied(): readonly Call[];
  reconciles(): readonly Invocation[];
  readonly controlPlaneDelayMs: number;
  onMoment(listener: (moment: Moment) => void): void;
  /** The played AWS itself, for tests that make it fail. */
  readonly aws: Aws;
  /** Nothing is left: no process, no port, no folder. */
  stop(): Promise<void>;
};

export type WorldOptions = { tickSeconds?: number; delays?: Partial<Delays>; ports?: Ports };

/** Packages the stack, starts it, and boots a proxy that pulls its configuration. */
export async function startWorld(options: WorldOptions = {}): Promise<World> {
  worlds += 1;
  const delays = { ...defaults, ...options.delays };
  const [timers, processes] = [startTimers(), startProcesses()];
  const listeners: ((moment: Moment) => void)[] = [];
  let stopped = false;
  const say: Say = (kind, text, about) => {
    if (!stopped) for (const listener of listeners) listener({ at: Date.now(), kind, text, ...about });
  };
  let aws: Aws | undefined;
  const stop = async (): Promise<void> => {
    stopped = true;
    timers.stop();
    await Promise.all([aws?.stop(), processes.stop()]);
  };

  try {
    aws = await deployStack({ delays, timers, processes, say, tickSeconds: options.tickSeconds });
    const cluster = aws.stack.functions[0]?.environment.SLUICE_CLUSTERS?.split(',')[0] ?? 'default';
    const ecs = playEcs(hostsOf(cluster), { delays, timers, processes, say, putEvent: aws.bus.put });
    const [document] = aws.stack.documents;
    if (!document) throw new Error('the packaged template has no SSM document');
    const tags = { SluiceProxy: aws.stack.stage };
    const instance = proxyInstance(aws.instance.id, tags, options.ports ?? (await anyPorts()), {
      processes,
      timers,
      delays,
      say,
      environment: aws.instance.environment,
      pull: filled(document, {}),
    });
    aws.connect(ecsHandlers(ecs), [instance.managed]);
    await instance.boot();
    return assemble(aws, ecs, instance, { delays, say, listeners, cluster, stop });
  } catch (error) {
    await stop();
    throw error;
  }
}

type Rest = {
  readonly delays: Delays;
  readonly say: Say;
  readonly listeners: ((moment: Moment) => void)[];
  readonly cluster: string;
  readonly stop: () => Promise<void>;
};

function assemble(
  aws: Aws,
  ecs: Ecs,
  { proxy }: ProxyInstance,
  { delays, say, listeners, cluster, stop }: Rest,
): World {
  const service = (name: string) => ecs.services.get(name) ?? fail(`there is no service ${name}`);
  const changed = { minimumHealthyPercent: 100, maximumPercent: 200 };
  return {
    ecs: {
      registerTaskDefinition: ecs.registerTaskDefinition,
      // AWS: CreateService. 100 and 200 percent by default.
      createService: (input) => ecs.putService({ ...changed, ...input, cluster }),
      updateService: (name, change) => ecs.putService({ ...service(name), ...change }),
      killTask: ecs.killTask,
      tasks: (name) => [...ecs.tasks.values()].filter((task) => !name || task.service === name).map(view),
      steady: async (name, timeoutMs = 120_000) => {
        const end = Date.now() + timeoutMs;
        while (!isSteady(service(name), ecs.tasks.values())) {
          if (Date.now() > end) fail(`${name} is not steady after ${timeoutMs / 1000} s`);
          await sleep(50);
        }
      },
    },
    proxy,
    controlPlane: (on, events = 'held') => {
      aws.switch(on, events);
      say('control-plane', on ? 'the control plane is back' : `the control plane is off, events are ${events}`);
    },
    tick: aws.tick,
    calls: () => {
      const counts: Record<string, number> = {};
      for (const { action } of aws.api.calls) counts[action] = (counts[action] ?? 0) + 1;
      return counts;
    },
    denied: () =>
      aws.api.calls.filter(({ outcome }) => /^(AccessDeniedException|UnauthorizedOperation)$/.test(outcome)),
    reconciles: () => aws.invocations,
    controlPlaneDelayMs: controlPlaneDelay(delays),
    onMoment: (listener) => void listeners.push(listener),
    aws,
    stop,
  };
}

const view = ({ id, service, definition, desiredStatus, lastStatus, host, containers, startedAt }: Task): TaskView => {
  const port = containers.find(({ hostPort }) => hostPort !== undefined)?.hostPort;
  const { revision } = definition;
  return {
    id,
    service,
    revision,
    desiredStatus,
    lastStatus,
    address: host.address,
    ...(port && { port }),
    ...(startedAt && { startedAt }),
  };
};

/** Two container instances. On Linux all of 127.0.0.0/8 is loopback, so each has an address that no other world uses. */
function hostsOf(cluster: string): readonly Host[] {
  return [1, 2].map((n) => {
    const ec2Id = `i-${String(n).repeat(17)}`;
    const own = `127.${10 + (process.pid % 240)}.${(process.pid >> 8) % 250}.${worlds * 2 + n}`;
    return {
      ec2Id,
      cluster,
      arn: arn('container-instance', `${cluster}/${ec2Id.slice(2)}`),
      address: platform() === 'linux' ? own : '127.0.0.1',
    };
  });
}

let worlds = 0;

async function anyPorts(): Promise<Ports> {
  const [http = 0, https = 0, statistics = 0] = await freePorts('127.0.0.1', 3);
  return { http, https, statistics };
}

const fail = (message: string): never => {
  throw new Error(message);
};
