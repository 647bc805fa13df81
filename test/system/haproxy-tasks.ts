import { Agent, createServer, request } from 'node:http';
import type { AddressInfo, Server as NetServer, Socket } from 'node:net';

import type { Backend, Server } from '../../lib/haproxy/backend';

/** What was started and would keep a test from ending, were it to fail half-way. */
const running: (() => void)[] = [];

/** Ends all tasks and all load. */
export const stopTasks = (): void => {
  for (const stop of running.splice(0)) stop();
};

export type Task = Awaited<ReturnType<typeof startTask>>;

/** Listens on a port of its own unless one is given; `stop` ends its connections too. */
export async function listen(name: string, server: NetServer, { port = 0, backlog = 511 } = {}) {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket.on('close', () => sockets.delete(socket))));
  await new Promise<void>((resolve) => server.listen({ port, host: '127.0.0.1', backlog }, resolve));
  const stop = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  running.push(stop);
  const address: Server = { name, address: '127.0.0.1', port: (server.address() as AddressInfo).port };
  return { name, stop, server: address };
}

/** What a task does with its checks. */
export type Check = 'well' | 'hangs' | 'bad' | 'closes';

/** A task: an HTTP server on a port of its own that answers with its name, and remembers how often it was asked. */
export async function startTask(name: string, { status = 200, port = 0, checkMs = 0, check = 'well' as Check } = {}) {
  const state = { requests: 0, checks: 0, status, check };
  const server = createServer((request, response) => {
    const isCheck = request.headers['user-agent'] === 'sluice';
    const does = isCheck ? state.check : 'well';
    state[isCheck ? 'checks' : 'requests']++;
    if (does === 'closes') request.socket.destroy();
    if (does === 'closes' || does === 'hangs') return;
    const answer = () => response.writeHead(does === 'bad' ? 503 : state.status).end(name);
    setTimeout(answer, isCheck ? checkMs : 0);
  });
  return { ...(await listen(name, server, { port })), state };
}

/** A backend that serves every host. */
export const backend = (servers: readonly Server[], more: Partial<Backend> = {}): Backend => ({
  name: 'default.web',
  cluster: 'default',
  service: 'web',
  container: 'web',
  port: 80,
  routes: [{ host: '*', path: '/', since: 1 }],
  labels: { check: '/' },
  stopped: {},
  warned: {},
  servers,
  ...more,
});

/** One request. Returns `<status> <body>`, or the error's code. */
export const ask = (
  host: string,
  options: {
    agent?: Agent | false;
    path?: string;
    method?: string;
    port?: number;
    headers?: Record<string, string>;
    localAddress?: string;
  } = {},
): Promise<string> =>
  new Promise((resolve) => {
    const { agent = false, path = '/', port = 10080 } = options;
    const asked = request({ ...options, host, port, path, agent, timeout: 5_000 }, (response) => {
      let body = '';
      response.on('data', (text) => (body += text));
      response.on('end', () => resolve(`${response.statusCode} ${body.length > 60 ? '' : body}`.trim()));
    });
    asked.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message)).end();
  });

export const keepAlive = (): Agent => new Agent({ keepAlive: true, maxSockets: 1 });

/** Two clients ask by the methods in turn, with hardly a pause, until told to stop. `answers` counts each kind of answer. */
export function startLoad(host: string, { path = '/', methods = ['GET'], headers = {}, pauseMs = 2 } = {}) {
  const answers: Record<string, number> = {};
  let on = true;
  running.push(() => {
    on = false;
  });
  const ended = Array.from({ length: 2 }, async () => {
    const agent = keepAlive();
    for (let n = 0; on; n++) {
      const answer = await ask(host, { agent, path, headers, method: methods[n % methods.length] ?? 'GET' });
      answers[answer] = (answers[answer] ?? 0) + 1;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    agent.destroy();
  });
  return {
    answers,
    stop: async () => {
      on = false;
      await Promise.all(ended);
      return answers;
    },
  };
}

export const badAnswers = (answers: Readonly<Record<string, number>>): readonly string[] =>
  Object.keys(answers).filter((answer) => !answer.startsWith('200'));
