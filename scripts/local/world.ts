/*
 * The AWS around Sluice, on one machine, built from what `sls package` produced.
 *
 * Real: the packaged functions, as bundled, in Node processes of their own; the SDK clients in them; the proxies' user data
 *   and first boot; the SSM document and the sync in it; HAProxy; the tasks, which are processes on ports of their own;
 *   SIGTERM, SIGKILL, every socket.
 * Read from the package: event patterns, queue settings, schedules, environments, timeouts, the policies, what is launched.
 * Played: ECS, EventBridge and its Scheduler, SQS FIFO, Lambda's invocations, Run Command, Parameter Store, IMDS, Auto Scaling,
 *   Elastic IPs, cloud-init's files, and by name apt-get and systemctl (proxy/bin/); and their delays (delays.ts). Every played behaviour names the AWS document, or says ASSUMED.
 * Judged from outside: every call, by a published evaluator of IAM policies (api/iam.ts), on what AWS checks for it (api/iam-checks.ts).
 * Not played: KMS, quotas.
 */

import type { Variant } from '../real/package';
import { processes as startProcesses } from '../real/processes';
import type { Call } from './api/api';
import { deployStack } from './aws';
import { controlPlaneDelay, type Delays, delays as defaults } from './delays';
import { playEcs } from './ecs/ecs';
import { ecsHandlers } from './ecs/ecs-api';
import { ecsControl } from './ecs/ecs-control';
import { twoHosts } from './ecs/hosts';
import type { TaskDefinitionInput } from './ecs/task';
import type { Invocation } from './events/lambda';
import type { Moment, Played, Say } from './moment';
import { type Ports, portsAt } from './proxy/machine';
import { entrance, playProxies } from './proxy/proxies';
import { timers as startTimers } from './timers';

export type { Delays, Moment, TaskDefinitionInput };

type WorldOptions = {
  tickSeconds?: number;
  delays?: Partial<Delays>;
  ports?: Ports;
  /** Starts a real CA and real DNS, so that renew can order; Pebble must be installed. */
  certificates?: boolean;
  /** Which settings the stack was packaged with; `twoProxies` has two. */
  variant?: Variant;
};

/** Packages the stack, starts it, and waits until each proxy has booted, claimed its address and registered. */
export async function startWorld(options: WorldOptions = {}) {
  const [timers, processes] = [startTimers(), startProcesses()];
  const listeners: ((moment: Moment) => void)[] = [];
  const state = { isStopped: false };
  const say: Say = (kind, text, about) => {
    if (!state.isStopped) for (const listener of listeners) listener({ at: Date.now(), kind, text, ...about });
  };
  const ends = [processes.stop];
  const atEnd = (end: () => Promise<void>) => void ends.push(end);
  const stop = async (): Promise<void> => {
    state.isStopped = true;
    timers.stop();
    await Promise.all(ends.map((end) => end()));
  };
  const played: Played = { delays: { ...defaults, ...options.delays }, timers, processes, say, atEnd };
  try {
    return {
      ...(await playAll(options, played)),
      onMoment: (listener: (moment: Moment) => void): void => void listeners.push(listener),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

export type World = Awaited<ReturnType<typeof startWorld>>;

async function playAll(options: WorldOptions, played: Played) {
  const { tickSeconds, certificates = false, variant = 'default' } = options;
  const host = '127.0.0.1';
  // More than a stack can have proxies.
  const ports = [options.ports ?? (await portsAt(host)), await portsAt(host), await portsAt(host)];
  const addresses = ports.map(({ https }) => `${host}:${https}`);
  const aws = await deployStack({ ...played, tickSeconds, addresses, certificates, variant });
  const settings = aws.stack.functions.map(({ Environment }) => Environment?.Variables.SLUICE_CLUSTERS);
  const clusters = settings.find((setting) => setting !== undefined)?.split(',') ?? ['default'];
  const ecs = playEcs(clusters.flatMap(twoHosts), { ...played, putEvent: aws.bus.put });
  aws.connect(ecsHandlers(ecs));
  const proxies = await playProxies(ports, { ...played, aws });
  await proxies.fill();
  const { calls } = aws.api;
  return {
    ecs: ecsControl(ecs, clusters),
    /** The first proxy, on whichever instance it runs. */
    proxy: entrance(proxies, 1),
    proxies,
    /** While it is off, the API answers 503, no function runs, commands wait, and events are held or lost. ECS itself goes on. */
    controlPlane: (on: boolean, events: 'held' | 'lost' = 'held'): void => {
      aws.switch(on, events);
      const words = on ? 'the control plane is back' : `the control plane is off, events are ${events}`;
      played.say('control-plane', words);
    },
    tick: aws.tick,
    /** Counts the calls of each action, named as in IAM. */
    calls: () => countOf(calls.map(({ action }) => action)),
    /** Calls that the packaged policies do not allow. */
    denied: (): readonly Call[] =>
      calls.filter(({ outcome }) => /^(AccessDenied(Exception)?|UnauthorizedOperation)$/.test(outcome)),
    reconciles: (): readonly Invocation[] => aws.invocations,
    controlPlaneDelayMs: controlPlaneDelay(played.delays),
    aws,
  };
}

function countOf(words: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}
