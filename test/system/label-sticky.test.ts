import { createServer, request } from 'node:http';
import { request as requestByTls } from 'node:https';

import { http2Client } from './edge-http2';
import { backend, listen } from './haproxy-tasks';
import { host, instance, standForAll } from './sync-stand';
import { until } from './until';

type Visited = Awaited<ReturnType<typeof startVisited>>;
let [one, two, other] = [] as unknown as readonly [Visited, Visited, Visited];

/** A task that answers with its name, and notes the cookies of each request. */
async function startVisited(name: string) {
  const cookies: string[][] = [];
  const server = createServer(({ headers, rawHeaders }, response) => {
    const lines = rawHeaders.filter((_, index) => /^cookie$/i.test(rawHeaders[index - 1] ?? ''));
    if (headers['user-agent'] !== 'sluice') cookies.push(lines);
    response.end(name);
  });
  return { ...(await listen(name, server)), cookies };
}

const publish = (...tasks: readonly Visited[]) => {
  const own = tasks.map(({ server }) => server);
  const at = (path: string) => ({ routes: [{ host: '*', path, since: 1 }], labels: { check: '/', sticky: 'on' } });
  return instance.publish([backend(own, at('/')), backend([other.server], { ...at('/other'), name: 'default.other' })]);
};

/** Which task answered, and the cookie that it set. */
const visit = (cookie: string | readonly string[] = [], path = '/', tls = true) =>
  new Promise<{ task: string; set: string; cookie: string }>((resolve, reject) => {
    const headers = ['Host', 'a.example', ...[cookie].flat().flatMap((line) => ['Cookie', line])];
    const options = { host, port: tls ? 10_443 : 10_080, path, headers, agent: false, rejectUnauthorized: false };
    const asked = (tls ? requestByTls : request)(options, (response) => {
      const set = response.headers['set-cookie']?.join('\n') ?? '';
      let task = '';
      response
        .on('data', (data) => (task += data))
        .on('end', () => resolve({ task, set, cookie: set.replace(/;.*/, '') }));
    });
    asked.on('error', reject).end();
  });
const visits = async (cookie?: string) => {
  const found = [];
  for (let n = 0; n < 6; n++) found.push(await visit(cookie));
  return {
    tasks: [...new Set(found.map(({ task }) => task))].sort(),
    set: found.filter(({ set }) => set !== '').length,
  };
};
const areUp = () => until(async () => (await instance.servers()).every(({ up, admitted }) => up || !admitted));

standForAll(async () => {
  [one, two, other] = [await startVisited('one'), await startVisited('two'), await startVisited('other')];
  await instance.syncHere(publish(one, two));
  await instance.startHaproxy();
  await areUp();
});

it('a visitor gets a cookie, keeps his task by it, and gets no other', async () => {
  const first = await visit();

  expect(first.set).toMatch(/^sluice-[0-9a-f]{8}=[0-9a-f]{32}; Path=\/; HttpOnly; SameSite=Lax; Secure$/);
  expect((await visit(undefined, '/', false)).set).toMatch(/; SameSite=Lax$/);
  expect(await visits(first.cookie)).toStrictEqual({ tasks: [first.task], set: 0 });
  expect(await visits()).toStrictEqual({ tasks: ['one', 'two'], set: 6 });
});

it('a cookie that is forged, or of another service, leads nowhere, and is replaced', async () => {
  const [{ cookie }, { cookie: foreign }] = [await visit(), await visit(undefined, '/other')];
  const [name = '', value = ''] = cookie.split('=');
  const [, othersValue = ''] = foreign.split('=');

  for (const forged of ['', 'x', othersValue, value.slice(1), `${value}0`, '%[src]', 'a'.repeat(4_000)])
    expect(await visits(`${name}=${forged}`)).toStrictEqual({ tasks: ['one', 'two'], set: 6 });
  expect(await visits(foreign)).toStrictEqual({ tasks: ['one', 'two'], set: 6 });
});

it.each([
  ['before and behind it', ['a=1; N=x; b="2"'], ['a=1; b="2"']],
  ['behind it', ['N=x; a=1;b=2'], ['a=1;b=2']],
  ['before it', ['a=1; b=2; N=x'], ['a=1; b=2']],
  ['without a space', ['a=1;N=x;b=2'], ['a=1;b=2']],
  ['of a similar name', ['myN=1; N=x; N2=3; a=N=4'], ['myN=1; N2=3; a=N=4']],
  ['that are none', ['N=x'], []],
  ['beside two of it', ['N=x; a=1; N=y; b=2'], ['a=1; b=2']],
  ['of another line', ['N=x; a=1', 'b=2'], ['a=1', 'b=2']],
  ['of two other lines', ['a=1', 'b=2; N=x', 'c=3'], ['a=1', 'b=2', 'c=3']],
  ['without it', ['a=1; b=2'], ['a=1; b=2']],
  // No browser sends that.
  ['beside three of it, which go with it', ['N=x; N=y; N=z; a=1'], []],
  ['beside one that is written with a space, which go with it', ['N =x; a=1'], []],
])('the task sees the cookies %s', async (_, sent, expected) => {
  const [name = ''] = (await visit()).cookie.split('=');
  for (const task of [one, two]) task.cookies.length = 0;
  const lines = sent.map((line) => line.replaceAll('N', name));

  await visit(lines);
  const seen = [one, two].flatMap(({ cookies }) => cookies);
  const client = http2Client(`https://${host}:10443`);
  await client.ask({ ':path': '/', ':authority': 'a.example', cookie: lines.join('; ').split(/; */) });
  client.close();

  expect(seen).toStrictEqual([expected.map((line) => line.replaceAll('N', name))]);
  const [crumbs = []] = [one, two].flatMap(({ cookies }) => cookies).filter((each) => each !== seen[0]);
  expect(crumbs.join('; ')).toBe(expected.join('; ').replaceAll('N', name).replaceAll(/; */g, '; '));
});

describe('a visitor', () => {
  it('keeps his task over a reload', async () => {
    const { task, cookie } = await visit();
    const [before] = (await instance.processes()).workers;
    await instance.master('reload');
    await until(async () => (await instance.processes()).workers[0] !== before);
    await areUp();

    expect(await visits(cookie)).toStrictEqual({ tasks: [task], set: 0 });
  });

  it('of a task that left moves on without a reload, gets a new cookie, and keeps that task', async () => {
    let [{ cookie, task }, before] = [await visit(), await instance.processes()];
    while (task !== 'one') ({ cookie, task } = await visit());

    expect(await instance.sync(publish(two))).toMatchObject({ code: 0, report: { changed: 'membership' } });

    expect(await visits(cookie)).toStrictEqual({ tasks: ['two'], set: 6 });
    const { cookie: next } = await visit(cookie);
    await instance.sync(publish(one, two));
    await areUp();
    expect(await visits(next)).toStrictEqual({ tasks: ['two'], set: 0 });
    expect(await visits()).toMatchObject({ tasks: ['one', 'two'] });
    expect(await instance.processes()).toStrictEqual(before);
  });

  it('of a task that is down moves on', async () => {
    let { cookie, task } = await visit();
    while (task !== 'one') ({ cookie, task } = await visit());
    one.stop();

    expect(await visits(cookie)).toStrictEqual({ tasks: ['two'], set: 6 });
  });
});
