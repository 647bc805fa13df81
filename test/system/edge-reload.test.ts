import { connect, type Socket } from 'node:net';

import { type ClosingTask, kinds, load, serve, startClosingTask } from './edge-closing';
import { http2Client } from './edge-http2';
import { backend } from './haproxy-tasks';
import { host, instance, standForEach } from './sync-stand';
import { until } from './until';

standForEach();

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** Gives the service another label each time, which takes a reload. */
async function reload(task: ClosingTask, number: number): Promise<void> {
  const changed = backend([task.server], { labels: { hsts: `${number}` } });
  expect(await instance.sync(instance.publish([changed]))).toMatchObject({ report: { changed: 'structure' } });
}

/** One connection on which all is written at once. Gives what came back, and how it ended. */
function pipeline(requests: readonly string[]) {
  const state = { text: '', end: '' };
  const socket = connect({ host, port: 10080 });
  socket.on('data', (data) => (state.text += data));
  socket.on('end', () => (state.end = 'whole'));
  socket.on('error', (error: NodeJS.ErrnoException) => (state.end = `${error.code}`));
  socket.write(requests.join(''));
  sockets.push(socket);
  return state;
}

const lines = (number: string, more: readonly string[] = []) =>
  ['GET / HTTP/1.1', 'Host: a', `X-Number: ${number}`, ...more, '', ''].join('\r\n');

describe('a reload', () => {
  it('answers the first of several requests that were written at once, and closes, though another follows', async () => {
    const task = await startClosingTask('a');
    await serve(instance, task);
    const sizes = [1, 3_000_000];
    const first = (size: number) => lines(`first-${size}`, ['X-Wait: 2000', `X-Size: ${size}`]);

    const sent = sizes.map((size) => pipeline([first(size), lines('second'), lines('third')]));
    await until(() => task.state.ran.length === 2);
    for (const number of [1, 2]) await reload(task, number);
    await until(() => sent.every(({ end }) => end !== ''));

    for (const [at, { text, end }] of sent.entries()) {
      expect(end).toBe('whole');
      expect(text.match(/^HTTP\/1.1 .*/gm)).toStrictEqual(['HTTP/1.1 200 OK']);
      expect(text).toMatch(/\r\nconnection: close\r\n/i);
      expect(text.split('\r\n\r\n')[1]).toHaveLength(sizes[at] ?? 0);
    }
    // So the client may send the others again: none of them ran.
    expect(task.state.ran.filter((number) => !number.startsWith('first-'))).toStrictEqual([]);
  });

  it('loses no request of clients that keep their connections, and ends no stream of HTTP/2 half-way', async () => {
    const task = await startClosingTask('a');
    await serve(instance, task);
    const client = http2Client(`https://${host}:10443`);
    const state = { goneAway: false };
    client.session.on('goaway', () => (state.goneAway = true));
    const streams = ['GET', 'POST', 'PUT'].map((method) => {
      const headers = { ':method': method, 'x-wait': '2000', 'x-number': `h2-${method}` };
      return client.ask(headers, method === 'GET' ? {} : { body: 'body' });
    });
    await until(() => task.state.ran.length === 3);

    const kept = load(host, 6, 60, ['GET', 'POST']);
    for (let n = 1; n <= 2; n++) await reload(task, n);

    const bodies = (await Promise.all(streams)).map(({ status, body }) => `${status} ${body}`);
    expect(bodies).toStrictEqual(['200 a', '200 body', '200 body']);
    await until(() => state.goneAway);
    expect(kinds(await kept).filter((answer) => !/^the client had \d+ connections$/.test(answer))).toStrictEqual([
      'GET 200',
      'POST 200',
    ]);
    expect(new Set(task.state.ran).size).toBe(task.state.ran.length);
    client.close();
  });
});
