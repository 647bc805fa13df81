import { Agent, createServer, get } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

import type { Backend, Server } from '../../lib/haproxy/backend';

/** What was started and would keep a test from ending, were it to fail half-way. */
const running: (() => void)[] = [];

/** Ends all tasks and all load. */
export const stopTasks = (): void => {
  for (const stop of running.splice(0)) stop();
};

export type Task = Awaited<ReturnType<typeof startTask>>;

/** A task: an HTTP server on a port of its own that answers with its name, and remembers how often it was asked. */
export async function startTask(name: string, { status = 200, port = 0, checkMs = 0 } = {}) {
  const state = { requests: 0, checks: 0, status };
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    const isCheck = request.headers['user-agent'] === 'sluice';
    state[isCheck ? 'checks' : 'requests']++;
    setTimeout(() => response.writeHead(state.status).end(name), isCheck ? checkMs : 0);
  }).on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));

  const address: Server = { name, address: '127.0.0.1', port: (server.address() as AddressInfo).port };
  const stop = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  running.push(stop);
  return { state, server: address, stop };
}

/** A backend that serves every host. */
export const backend = (servers: readonly Server[], more: Partial<Backend> = {}): Backend => ({
  name: 'default.web',
  cluster: 'default',
  service: 'web',
  container: 'web',
  port: 80,
  routes: [{ host: '*', path: '/', since: 1 }],
  check: '/',
  stopped: {},
  warned: {},
  servers,
  ...more,
});

/** One GET. Gives `<status> <body>`, or the error's code. */
export const ask = (
  host: string,
  options: {
    agent?: Agent | false;
    path?: string;
    port?: number;
    headers?: Record<string, string>;
    localAddress?: string;
  } = {},
): Promise<string> =>
  new Promise((resolve) => {
    const { agent = false, path = '/', port = 10080 } = options;
    get({ ...options, host, port, path, agent, timeout: 5_000 }, (response) => {
      let body = '';
      response.on('data', (text) => (body += text));
      response.on('end', () => resolve(`${response.statusCode} ${body.length > 60 ? '' : body}`.trim()));
    }).on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });

export const keepAlive = (): Agent => new Agent({ keepAlive: true, maxSockets: 1 });

/** Asks without pause until told to stop. `answers` counts each kind of answer. */
export function startLoad(host: string, clients = 2) {
  const answers: Record<string, number> = {};
  let on = true;
  running.push(() => {
    on = false;
  });
  const ended = Array.from({ length: clients }, async () => {
    const agent = keepAlive();
    while (on) {
      const answer = await ask(host, { agent });
      answers[answer] = (answers[answer] ?? 0) + 1;
      await new Promise((resolve) => setTimeout(resolve, 2));
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
