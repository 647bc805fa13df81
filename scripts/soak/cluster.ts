import { join } from 'node:path';

import type { Backend } from '../../lib/haproxy/backend';
import { ownAddress } from '../real/loopback';
import type { Process, Processes } from '../real/processes';
import type { Random } from './random';

/** Times are epoch milliseconds. What is absent has not happened. */
export type Task = {
  readonly id: string;
  readonly service: string;
  readonly port: number;
  readonly process: Process;
  readonly log: string;
  listensAt?: number;
  /** It answered its first check. A check by TCP is not seen. */
  passedAt?: number;
  /** ECS told it to stop. */
  orderedAt?: number;
  /** It closed its port. */
  closedAt?: number;
  /** From before the signal until its end was seen. */
  killed?: { readonly from: number; until: number };
  goneAt?: number;
  /** It ended, and nothing had told it to. */
  hasCrashed?: true;
  /** Its checks failed. */
  readonly ailing: { readonly from: number; until: number }[];
  /** The first sync that knew the task, and the first that knew that it leaves, had ended. */
  knownAt?: number;
  leftAt?: number;
  isPublished: boolean;
};

export type Service = {
  readonly name: string;
  readonly speaks: 'http' | 'h2c';
  /** How many tasks it has. */
  readonly least: number;
  readonly most: number;
  labels: Record<string, string>;
  isThere: boolean;
  /** When the proxy certainly knew it. */
  readonly spells: { from: number; until: number }[];
};

const service = (name: string, least: number, most: number, labels: Record<string, string>): Service => {
  const speaks = labels.proto === 'h2c' ? 'h2c' : 'http';
  return { name, least, most, labels, speaks, isThere: true, spells: [] };
};

export const initialServices = (): readonly Service[] => [
  service('web', 3, 6, { check: '/health' }),
  service('api', 3, 5, {}),
  service('rpc', 2, 4, { check: '/health', proto: 'h2c' }),
  service('solo', 0, 2, { check: '/health' }),
  service('passing', 1, 2, {}),
];

export type Cluster = ReturnType<typeof clusterOf>;

/** Services whose tasks are real processes; what they say of themselves is kept, with its time. */
export function clusterOf(processes: Processes, random: Random, onEarly: (task: Task, request: string) => void) {
  const host = ownAddress();
  const services = initialServices();
  const tasks: Task[] = [];
  let nextPort = 21_000 + random.between(0, 4_000);

  const start = ({ name, speaks, labels }: Service, asked = reusable(tasks, name, random) ?? nextPort++): Task => {
    const id = Array.from({ length: 32 }, () => random.between(0, 15).toString(16)).join('');
    const log = join(processes.folder, `task-${id}.log`);
    const words = { TASK: id, SERVICE: name, HOST: host, PORT: String(asked), SPEAKS: speaks, LOG: log };
    const environment = { ...words, CHECK: labels.check ?? 'tcp', PRE_STOP_MS: random.chance(0.5) ? '4000' : '0' };
    const onLine = (line: string) => heard(task, line, onEarly);
    const child = processes.launch([process.execPath, join(__dirname, 'task.mjs')], { environment, onLine });
    const task: Task = { id, service: name, port: asked, process: child, log, ailing: [], isPublished: true };
    tasks.push(task);
    void child.exited.then(() => ended(task));
    return task;
  };

  return {
    host,
    services,
    tasks,
    start,
    named: (name: string): Service => services.find((each) => each.name === name) as Service,
    running: (name: string): readonly Task[] => tasks.filter((task) => task.service === name && isRunning(task)),
    backends: (routes: (name: string) => Backend['routes']): readonly Backend[] =>
      services.filter(({ isThere }) => isThere).map((each) => backendOf(each, host, tasks, routes(each.name))),
  };
}

/** Ports are reused as soon as they can be: at once within a service, by another one when the proxy knows that the task left. */
function reusable(tasks: readonly Task[], service: string, random: Random): number | undefined {
  const isFree = (task: Task) => task.goneAt !== undefined && (task.service === service || task.leftAt !== undefined);
  const taken = new Set(tasks.filter((task) => !isFree(task)).map(({ port }) => port));
  return random.oneOf(tasks.map(({ port }) => port).filter((port) => !taken.has(port)));
}

export const isRunning = ({ orderedAt, killed, goneAt }: Task): boolean =>
  orderedAt === undefined && killed === undefined && goneAt === undefined;

function heard(task: Task, line: string, onEarly: (task: Task, request: string) => void): void {
  const [what, ...rest] = line.split(' ');
  const at = Number(rest.at(-1));
  if (what === 'listens') task.listensAt = at;
  if (what === 'passed') task.passedAt = at;
  if (what === 'closed') task.closedAt = at;
  if (what === 'early') onEarly(task, rest[0] ?? '');
}

/** A kill begins before its signal. */
function ended(task: Task): void {
  if (isRunning(task)) task.hasCrashed = true;
  task.goneAt = Date.now();
  task.isPublished = false;
  if (task.killed !== undefined) task.killed.until = task.goneAt;
}

function backendOf(
  { name, labels }: Service,
  host: string,
  tasks: readonly Task[],
  routes: Backend['routes'],
): Backend {
  const servers = tasks
    .filter((task) => task.service === name && task.isPublished)
    .map(({ id, port }) => ({ name: id, address: host, port }));
  const ids = { name: `default.${name}`, cluster: 'default', service: name, container: name, port: 80 };
  return { ...ids, routes, labels, stopped: {}, warned: {}, servers };
}
