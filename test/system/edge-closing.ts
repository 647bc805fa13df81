import { type Agent, createServer, request } from 'node:http';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';

import type { Instance } from '../../scripts/proxy/instance';
import { backend, keepAlive, listen } from './haproxy-tasks';
import { until } from './until';

export type ClosingTask = Awaited<ReturnType<typeof startClosingTask>>;
type Kept = Socket & { used?: true };

const repeatable = ['GET', 'HEAD', 'OPTIONS'];
/**
 * A task whose keep-alive is always over when a request comes that may not be repeated: it closes a connection that had served before.
 * It waits as long as `X-Wait` says, and remembers what it ran.
 */
export async function startClosingTask(name: string) {
  const state = { ran: [] as string[], kept: 0 };
  const server = createServer(async (incoming, response) => {
    const socket: Kept = incoming.socket;
    if (socket.used && !repeatable.includes(incoming.method ?? '')) {
      socket.destroy();
      return;
    }
    if (socket.used) state.kept++;
    socket.used = true;
    state.ran.push(`${incoming.headers['x-number']}`);
    const body = await text(incoming);
    await pause(Number(incoming.headers['x-wait'] ?? 0));
    const answer = (body || name).padEnd(Number(incoming.headers['x-size'] ?? 0), '.');
    response.writeHead(200, { 'Content-Length': answer.length }).end(answer);
  });
  return { ...(await listen(name, server)), state };
}

/** Starts HAProxy with the first task; the others come at run time. */
export async function serve(instance: Instance, first: ClosingTask, ...others: ClosingTask[]): Promise<void> {
  const publish = (tasks: ClosingTask[]) => {
    const servers = tasks.map(({ server }) => server);
    return instance.publish([backend(servers, { labels: {} })]);
  };
  const up = (tasks: ClosingTask[]) =>
    until(async () => {
      const states = await Promise.all(tasks.map(({ server }) => instance.status('default.web', server.name)));
      return states.every((state) => state === 'UP');
    });
  await instance.syncHere(publish([first]));
  await instance.startHaproxy();
  await up([first]);
  expect(await instance.sync(publish([first, ...others]))).toMatchObject({ code: 0 });
  await up([first, ...others]);
}

/** Clients that each send the methods in turn, on one connection of theirs. Gives all answers. */
export async function load(
  host: string,
  clients: number,
  rounds: number,
  methods: readonly string[],
  headers: Record<string, string> = {},
): Promise<string[]> {
  const answers = Array.from({ length: clients }, async (_, client) => {
    const agent = keepAlive();
    let opened = 0;
    agent.on('free', (socket: Socket & { counted?: true }) => {
      if (!socket.counted) opened++;
      socket.counted = true;
    });
    const own: string[] = [];
    for (let n = 0; n < rounds * methods.length; n++) {
      own.push(await send(host, methods[n % methods.length] ?? '', `${client}-${n}`, agent, headers));
    }
    agent.destroy();
    return opened === 1 ? own : [...own, `the client had ${opened} connections`];
  });
  return (await Promise.all(answers)).flat();
}

/** Each answer once. */
export const kinds = (answers: readonly string[]) => [...new Set(answers)].sort();

/** One request. Gives `<method> <status>`, or the error's code. */
const send = (host: string, method: string, number: string, agent: Agent, headers: Record<string, string>) =>
  new Promise<string>((resolve) => {
    const body = repeatable.includes(method) ? '' : 'body';
    const length = body ? { 'Content-Length': `${body.length}` } : {};
    const target = { host, port: 10080, method, agent };
    const sent = request({ ...target, headers: { 'X-Number': number, ...length, ...headers } }, (response) => {
      response.resume().on('end', () => resolve(`${method} ${response.statusCode}`));
    });
    sent.on('error', (error: NodeJS.ErrnoException) => resolve(`${method} ${error.code}`));
    // As `curl` sends an upload: the body only when it was asked for.
    if (headers.Expect) sent.on('continue', () => sent.end(body)).flushHeaders();
    else sent.end(body);
  });
