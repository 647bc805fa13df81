import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';

import { servePage } from '../../scripts/demo/live/server';

const acted: string[] = [];
let page: Awaited<ReturnType<typeof servePage>>;
beforeAll(async () => {
  const act = (name: string) => (name === 'busy' ? 'not now' : void acted.push(name));
  page = await servePage({ port: 0, snapshot: () => ({ lines: ['<script>'] }), act });
});
afterAll(() => page.stop());

const ask = async (path: string, more: Parameters<typeof request>[1] = {}): Promise<IncomingMessage> => {
  const asked: ClientRequest = request(new URL(path, page.url), { agent: false, ...more }).end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  return answer;
};

/** Opens the events, and returns the first one. */
async function open() {
  const stream = await ask('/events');
  const [first] = await once(stream, 'data');
  return { stream, snapshot: JSON.parse(`${first}`.replace(/^event: snapshot\ndata: /, '')) as { token: string } };
}

const own = () => page.url.slice(0, -1);

it('gives a browser everything first, then the changes', async () => {
  const { stream, snapshot } = await open();
  page.send('change', { n: 1 });
  const [change] = await once(stream, 'data');
  stream.destroy();

  expect(snapshot).toStrictEqual({ token: expect.stringMatching(/^[0-9a-f]{32}$/), lines: ['<script>'] });
  expect(`${change}`).toBe('event: change\ndata: {"n":1}\n\n');
});

it.each<[string, number, (token: string) => readonly [path: string, more: object]]>([
  ['the page itself', 204, (token) => ['/act/kill', { headers: { origin: own(), 'x-token': token } }]],
  ['it, when it is not possible', 409, (token) => ['/act/busy', { headers: { origin: own(), 'x-token': token } }]],
  ['a page without the token', 403, () => ['/act/no', { headers: { origin: own(), 'x-token': 'guess' } }]],
  ['another page', 403, (token) => ['/act/no', { headers: { origin: 'http://evil.example', 'x-token': token } }]],
  ['no browser', 403, (token) => ['/act/no', { headers: { 'x-token': token } }]],
  ['a name that leads here', 421, (token) => ['/act/no', { headers: { host: 'evil.example', 'x-token': token } }]],
  ['a path in place of a name', 403, (token) => ['/act/a%2Fb', { headers: { origin: own(), 'x-token': token } }]],
])('answers a button of %s with %i', async (_, status, ask_) => {
  const { stream, snapshot } = await open();
  const [path, more] = ask_(snapshot.token);
  const { statusCode } = await ask(path, { method: 'POST', ...more });
  stream.destroy();

  expect(statusCode).toBe(status);
  expect(acted).toStrictEqual(expect.not.arrayContaining(['no']));
});

it.each([
  ['/', 200, 'text/html; charset=utf-8'],
  ['/page.js', 200, 'text/javascript; charset=utf-8'],
  ['/uPlot.js', 200, 'text/javascript; charset=utf-8'],
  ['/../server.ts', 404, undefined],
])('serves %s with %i, to this page only', async (path, status, type) => {
  const answer = await ask(path);

  expect([answer.statusCode, answer.headers['content-type']]).toStrictEqual([status, type]);
  expect(answer.headers['content-security-policy']).toMatch(
    /^default-src 'none'; script-src 'self';.* frame-ancestors 'none'$/,
  );
  expect(await text(answer)).not.toMatch(/(src|href)="(https?:)?\/\/|innerHTML/);
});

it('drops a browser that does not read, and lets others in', async () => {
  const { stream } = await open();
  stream.pause();
  const closed = once(stream, 'close');
  for (let n = 0; n < 60; n += 1) page.send('change', { text: 'x'.repeat(500_000) });

  await closed.catch(() => {});
  (await open()).stream.destroy();
  expect(stream.complete).toBe(false);
});
