// Counts, in the local world, the calls of a tick and of a replaced task, and HAProxy's CPU for a request.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Call } from '../local/api/api';
import { type Delays, startWorld, type World } from '../local/world';
import { type Calls, type Occasion, readCalls } from './calls';

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

/** Takes about a minute at the demo's delays; `quietMs` must be longer than any of them. A renewal is not measured. */
export async function measure(
  today: string,
  { delays = {}, quietMs = 4_000, requests = 8_000 }: Pace = {},
): Promise<Calls> {
  const world = await startWorld({ tickSeconds: 3_600, delays });
  const settled = () => world.ecs.steady(service).then(() => silence(world, quietMs));
  try {
    const revision = () => world.ecs.registerTaskDefinition({ family: service, containers: [container] });
    world.ecs.createService({ name: service, taskDefinition: revision(), desiredCount: tasks });
    await settled();
    const tick = await counted(world, ticks, async () => {
      for (let n = 0; n < ticks; n++) {
        world.tick();
        await silence(world, quietMs);
      }
    });
    const change = await counted(world, tasks, async () => {
      world.ecs.updateService(service, { taskDefinition: revision() });
      await settled();
    });
    const cpu = await cpuPerRequest(world.proxy, requests);
    return { measured: today, tick, change, renewal: readCalls().renewal, cpu };
  } finally {
    await world.stop();
  }
}

/** Waits until no message is queued and no call was made for so long. */
async function silence({ aws: { api, queues } }: World, quietMs: number): Promise<void> {
  const end = Date.now() + 60_000;
  for (let before = -1; before !== api.calls.length || queues.some(({ messages }) => messages.length > 0); ) {
    if (Date.now() > end)
      throw new Error(`the local world is not quiet after a minute; its last call was ${api.calls.at(-1)?.action}`);
    before = api.calls.length;
    await sleep(quietMs);
  }
}

/** What happens meanwhile, divided by the number of occasions of one kind. */
async function counted(world: World, occasions: number, happens: () => Promise<void>): Promise<Occasion> {
  const { api, stack } = world.aws;
  const [calls, runs] = [api.calls.length, world.reconciles().length];
  await happens();
  const made = api.calls.slice(calls);
  const invocations = world.reconciles().slice(runs);
  const each = (total: number) => Math.round((total / occasions) * 100) / 100;
  const [ofProxy, ofFunctions] = [true, false].map((is) =>
    made.filter(({ role }) => (role === stack.instanceRole) === is),
  );
  const tally = (of: readonly Call[] = []) => {
    const actions = of.map(({ action }) => action).sort();
    return Object.fromEntries(actions.map((action) => [action, each(actions.filter((one) => one === action).length)]));
  };
  const secrets = (of: readonly Call[] = []) => each(of.flatMap(secretsOf).length);
  const messages = invocations.flatMap(({ event }) => (event as { Records: unknown[] }).Records);
  const logged = invocations.flatMap(({ lines }) => lines).join('\n');
  return {
    calls: tally(ofFunctions),
    proxyCalls: tally(ofProxy),
    secrets: secrets(ofFunctions),
    proxySecrets: secrets(ofProxy),
    messages: each(messages.length),
    runs: each(invocations.length),
    logBytes: Math.round(Buffer.byteLength(logged) / occasions),
  };
}

/** Names of SecureStrings in a call: keys of certificates and of the account. */
function secretsOf({ action, input }: Call): readonly string[] {
  if (!action.startsWith('ssm:')) return [];
  const { Name, Names = [] } = input as { Name?: string; Names?: readonly string[] };
  return [...Names, ...(Name ? [Name] : [])].filter((name) => /\/(key|account)(:\d+)?$/.test(name));
}

/** A small request with a small answer, over TLS: on a connection that is kept, and on a new one each time. */
async function cpuPerRequest(proxy: World['proxy'], requests: number): Promise<Calls['cpu']> {
  const { host: address, port } = proxy.https;
  const target = { host: address, port, path: '/', servername: host, rejectUnauthorized: false, headers: { host } };
  const ask = (agent: Agent) =>
    new Promise<void>((resolve, reject) => {
      request({ ...target, agent }, (response) => response.resume().on('end', resolve).on('error', reject))
        .on('error', reject)
        .end();
    });
  const measured = async (count: number, keepAlive: boolean): Promise<number> => {
    const agent = new Agent({ keepAlive, maxSockets: 4, maxCachedSessions: 0 });
    const before = cpuMicroseconds(await proxy.pid());
    const asking = async () => {
      for (let n = 0; n < count / 4; n++) await ask(agent);
    };
    await Promise.all([asking(), asking(), asking(), asking()]);
    agent.destroy();
    return Math.round((cpuMicroseconds(await proxy.pid()) - before) / count);
  };
  const keptConnection = await measured(requests, true);
  return {
    machine: cpus()[0]?.model ?? 'unknown',
    keptConnection,
    newTlsConnection: await measured(requests / 4, false),
  };
}

/** User and system time of a process (proc(5), fields 14 and 15 of stat). */
function cpuMicroseconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.replace(/^.*\) /, '').split(' ');
  const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  return ((Number(fields[11]) + Number(fields[12])) / ticksPerSecond) * 1e6;
}
