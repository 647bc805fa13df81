import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { connect } from 'node:net';
import { join } from 'node:path';
import { readLabels } from '../../lib/routes/labels';
import { type Instance, startInstance } from '../../scripts/proxy/instance';
import { exchange } from './edge-exchange';
import { backend, listen, stopTasks } from './haproxy-tasks';
import { until } from './until';

/** The table of recipes in docs/labels.md, whose labels the code reads, and HAProxy is asked as the table says. */
const page = readFileSync(join(__dirname, '../../docs/labels.md'), 'utf8');
const recipes = Array.from(
  page.matchAll(
    /^\| (.*?) \| `(\{.*?\})` \| `(\S*?)(\/\S*)`(?:, (\d+) times)? \| `(\d+)(?: (\S+))?`(, and a cookie)? \|$/gm,
  ),
  ([, want = '', labels = '', host = '', path = '', times = '1', status = '', what, cookie]) => ({
    ...{ want, labels: JSON.parse(labels) as Record<string, string>, host, path, times: Number(times), status },
    ...{ what, cookie: cookie !== undefined },
  }),
);

let instance: Instance;

beforeAll(async () => {
  instance = await startInstance();
  const task = await listen(
    'task',
    createServer(({ url }, response) => response.end(`asked ${url}.`)),
  );
  const clear = await listen(
    'clear',
    createHttp2Server((_, response) => response.end('asked.')),
  );
  const backends = recipes.flatMap(({ labels }, number) =>
    readLabels({ name: 'web', labels, ports: [80], ranges: [] }).routes.map(({ route, hosts, path, labels: given }) =>
      backend([given.proto ? clear.server : task.server], {
        ...{ name: `demo.r${number}${route && `.${route}`}`, cluster: 'demo', service: `r${number}` },
        routes: hosts.map((host) => ({ host, path, since: 1 })),
        labels: given.auth ? { ...given, auth: `${given.auth}.1.0` } : given,
      }),
    ),
  );
  await instance.syncHere(instance.publish(backends)).catch(() => 'the secret of a recipe is not stored');
  await instance.startHaproxy();
  const isUp = async () => (await instance.servers()).every(({ up }) => up);
  await until(isUp);
});
afterAll(async () => {
  await instance.stop();
  stopTasks();
});

it('there are recipes for what people ask most', () => {
  expect(recipes.length).toBeGreaterThan(8);
});

it.each(recipes.map((recipe) => [recipe.want, recipe] as const))(
  '%s',
  async (_, { host, path, times, status, what, cookie }) => {
    const request = `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
    const answers: string[] = [];
    for (let n = 0; n < times; n++) answers.push(await exchange(connect(10_080, instance.host), request));

    const last = answers.at(-1) ?? '';
    expect(answers.slice(0, -1).filter((answer) => !answer.startsWith('HTTP/1.1 200'))).toStrictEqual([]);
    expect(last.slice(9, 12)).toBe(status);
    expect(last).toContain(what === undefined ? '' : status === '200' ? `asked ${what}.` : `location: ${what}\r\n`);
    expect(/\r\nset-cookie: sluice-/i.test(last)).toBe(cookie);
  },
);
