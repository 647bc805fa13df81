// Counts, in the local world, the calls of a tick and of a replaced task, and HAProxy's CPU for a request.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Call } from '../local/api/api';
import { type Delays, startWorld, type World } from '../local/world';
import type { Calls, Occasion } from './calls';
import { cpuPerRequest } from './cpu';

const [ticks, tasks] = [5, 3];
const service = 'hello-world';
const host = 'hello.example';

type Pace = { readonly delays?: Partial<Delays>; readonly quietMs?: number; readonly requests?: number };

const container = {
  name: 'web',
  command: [process.execPath, join(__dirname, '../../resources/hello-world/hello.mjs')],
  containerPort: 8080,
  labels: { 'haproxy.host': host, 'haproxy.check': '/health' },
  healthCheck: true,
};

/** Takes about a minute at the delays that the demo has; `quietMs` must be longer than any of them. */
export async function measure(today: string, options: Pace = {}): Promise<Calls> {
  const { delays = {}, quietMs = 4_000, requests = 8_000 } = options;
  const world = await startWorld({ tickSeconds: 3_600, delays });
  const quiet = () => silence(world, quietMs);
  const settled = () => world.ecs.steady(service).then(quiet);
  try {
    const revision = () => world.ecs.registerTaskDefinition({ family: service, containers: [container] });
    world.ecs.createService({ name: service, taskDefinition: revision(), desiredCount: tasks });
    await settled();

    const tick = await counted(world, ticks, async () => {
      for (let n = 0; n < ticks; n++) {
        world.tick();
        await quiet();
      }
    });
    const change = await counted(world, tasks, async () => {
      world.ecs.updateService(service, { taskDefinition: revision() });
      await settled();
    });
    return {
      measured: today,
      tick,
      change,
      renewal: reckonedRenewal,
      cpu: await cpuPerRequest(world.proxy, host, requests),
    };
  } finally {
    await world.stop();
  }
}

/** No message waits, and nobody has asked anything for so long. */
async function silence({ aws: { api, queues } }: World, quietMs: number): Promise<void> {
  const end = Date.now() + 60_000;
  for (
    let before = -1;
    before !== api.calls.length || queues.some(({ messages }) => messages.length > 0);
    await sleep(quietMs)
  ) {
    if (Date.now() > end)
      throw new Error(`the local world is not quiet after a minute; last it was asked ${api.calls.at(-1)?.action}`);
    before = api.calls.length;
  }
}

/** Counts what happens meanwhile, for one of so many alike. */
async function counted(world: World, count: number, happens: () => Promise<void>): Promise<Occasion> {
  const { api, stack } = world.aws;
  const [calls, runs] = [api.calls.length, world.reconciles().length];
  await happens();
  const made = api.calls.slice(calls);
  const invocations = world.reconciles().slice(runs);
  const each = (total: number) => Math.round((total / count) * 100) / 100;
  const isProxy = ({ role }: Call) => role === stack.instanceRole;
  const tally = (of: readonly Call[]) => {
    const counts = new Map<string, number>();
    for (const { action } of of) counts.set(action, (counts.get(action) ?? 0) + 1);
    return Object.fromEntries([...counts].sort().map(([action, total]) => [action, each(total)]));
  };
  const messages = invocations.flatMap(({ event }) => (event as { Records: unknown[] }).Records);
  const logged = invocations.flatMap(({ lines }) => lines).join('\n');
  return {
    calls: tally(made.filter((call) => !isProxy(call))),
    proxyCalls: tally(made.filter(isProxy)),
    secrets: each(made.filter((call) => !isProxy(call)).flatMap(secretsOf).length),
    proxySecrets: each(made.filter(isProxy).flatMap(secretsOf).length),
    messages: each(messages.length),
    runs: each(invocations.length),
    logBytes: Math.round(Buffer.byteLength(logged) / count),
  };
}

/** Names of SecureStrings in a call: keys of certificates and of the account. */
function secretsOf({ action, input }: Call): readonly string[] {
  if (!action.startsWith('ssm:')) return [];
  const { Name, Names = [] } = input as { Name?: string; Names?: readonly string[] };
  return [...Names, ...(Name ? [Name] : [])].filter((name) => /\/(key|account)(:\d+)?$/.test(name));
}

/** Not a tenth of a cent a month hangs on it. */
const reckonedRenewal = {
  reckoned: 'Not measured: an order for two names as it is designed, rounded up; keys are read and written four times.',
  calls: {
    'route53:ChangeResourceRecordSets': 2,
    'route53:GetChange': 10,
    'route53:ListResourceRecordSets': 2,
    'ssm:GetParameter': 4,
    'ssm:PutParameter': 6,
    'ssm:SendCommand': 1,
  },
  proxyCalls: { 'cloudwatch:PutMetricData': 1, 'ssm:GetParameter': 1, 'ssm:GetParameters': 1 },
  secrets: 4,
  proxySecrets: 1,
  messages: 1,
  runs: 1,
  logBytes: 20_000,
};
