import { createServer, Agent as HttpAgent, request } from 'node:http';
import { Agent as HttpsAgent, request as requestTls } from 'node:https';

import type { Backend } from '../../lib/haproxy/backend';
import { type Client, greeterClients, type Metadata, startGreeter } from './greeter';
import { ask, backend, keepAlive, listen, startTask, type Task } from './haproxy-tasks';
import { a, b, c, host, instance, serving, standForEach, web } from './sync-stand';
import { until } from './until';

standForEach();

const apiHost = 'api.example.com';
const api = (...tasks: readonly Task[]): Backend =>
  backend(
    tasks.map(({ server }) => server),
    { name: 'default.api', service: 'api', routes: [{ host: apiHost, path: '/', since: 1 }] },
  );
const apply = async (...backends: readonly Backend[]) =>
  expect(await instance.sync(instance.publish(backends))).toMatchObject({ code: 0 });

/** Connections that carry another request to the worker that they belong to, also after a reload. */
async function keptConnections(name = 'a.example.com') {
  const agents = Array.from({ length: 4 }, keepAlive);
  const askAll = () => Promise.all(agents.map((agent) => ask(host, { agent, headers: { host: name } })));
  await askAll();
  return async () => {
    const answers = await askAll();
    for (const agent of agents) agent.destroy();
    return [...new Set(answers)];
  };
}

describe('a worker that a reload left behind', () => {
  it('sends no request to a task that left after the reload', async () => {
    await serving(a, b);
    const askAgain = await keptConnections();

    await apply(web(a, b), api(c));
    await apply(web(b), api(c));
    const before = a.state.requests;

    expect(await askAgain()).toStrictEqual(['200 b']);
    expect(a.state.requests).toBe(before);
  });

  it('sends requests to the tasks that replaced all of its own', async () => {
    await serving(a);
    const askAgain = await keptConnections();

    await apply(web(a), api(c));
    await apply(web(a, b), api(c));
    await apply(web(b), api(c));

    expect(await askAgain()).toStrictEqual(['200 b']);
  });

  it('passes requests for a service that the reload removed to the one that has its route now', async () => {
    await serving(a);
    await apply(web(a), api(c));
    const askAgain = await keptConnections(apiHost);
    const before = c.state.requests;

    await apply(web(a));

    expect(await askAgain()).toStrictEqual(['200 a']);
    expect(c.state.requests).toBe(before);
  });

  it('sends no request to a task of another service that got the port of one that left', async () => {
    await serving(a);
    const askAgain = await keptConnections();
    await apply(web(a), api(c));
    const { port } = a.server;
    a.stop();
    const successor = await startTask('successor', { port });

    await apply(web(b), api(c, successor));

    expect(await askAgain()).toStrictEqual(['200 b']);
  });

  it('lets no request past a rule that the reload added', async () => {
    await serving(a);
    const askAgain = await keptConnections();

    await apply({ ...web(a), labels: { check: '/', deny: '127.0.0.0/8' } });

    expect(await askAgain()).toStrictEqual(['403 Your address has no access here.']);
  });

  it.each(['http', 'https'] as const)(
    'passes on a request by %s as it came, with its body and its client',
    async (scheme) => {
      const echo = await startEcho();
      await serving(echo);
      const agent = scheme === 'http' ? new HttpAgent(kept) : new HttpsAgent({ ...kept, rejectUnauthorized: false });
      const first = await post(agent, scheme);

      await apply(web(echo), api(c));
      const second = await post(agent, scheme);
      agent.destroy();

      expect(second.connection).toBe('close');
      expect(second.seen).toStrictEqual(first.seen);
      expect(second.seen).toMatchObject({
        body: 'a body',
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-proto': scheme,
      });
    },
  );
});

it('a gRPC client keeps its connection over a reload, and its next call is answered with its trailers', async () => {
  const greeter = await startGreeter();
  const service = backend([greeter.server], { labels: { proto: 'h2c' } });
  await serving(a);
  await apply(service);
  const clients = greeterClients(host);
  const greet = (client: Client) =>
    new Promise((resolve) =>
      client
        .greet(Buffer.from('you'), () => undefined)
        .on('status', ({ code, metadata }: { code: number; metadata: Metadata }) =>
          resolve([code, metadata.get('x-spent')]),
        ),
    );
  const answered = [0, ['3']];
  await until(async () => (await instance.status('default.web', 'greeter')) === 'UP');
  expect(await Promise.all(clients.map(greet))).toStrictEqual([answered, answered]);

  await apply(service, api(c));

  expect(await Promise.all(clients.map(greet))).toStrictEqual([answered, answered]);
  for (const client of clients) client.close();
  greeter.stop();
});

const kept = { keepAlive: true, maxSockets: 1 };

/** Answers with the headers and the body of a request. */
async function startEcho() {
  const server = createServer((incoming, response) => {
    let body = '';
    incoming.on('data', (text) => (body += text));
    incoming.on('end', () => response.end(JSON.stringify({ ...incoming.headers, body })));
  });
  return { ...(await listen('echo', server)), state: { requests: 0, checks: 0, status: 200, check: 'well' as const } };
}

function post(agent: HttpAgent | HttpsAgent, scheme: 'http' | 'https') {
  const [send, port] = scheme === 'http' ? [request, 10080] : [requestTls, 10443];
  return new Promise<{ readonly connection: string | undefined; readonly seen: object }>((resolve, reject) => {
    const asked = send({ agent, host, port, method: 'POST', path: '/a?b', headers: { 'x-own': 'yes' } }, (response) => {
      let text = '';
      response.on('data', (more) => (text += more));
      response.on('end', () => {
        const { 'x-request-id': id, ...seen } = JSON.parse(text);
        resolve({ connection: response.headers.connection, seen });
      });
    });
    asked.on('error', reject).end('a body');
  });
}
