import { createServer } from 'node:http';
import { connect } from 'node:net';
import { ask, backend, listen } from './haproxy-tasks';
import { host, instance, standForEach } from './sync-stand';
import { until } from './until';

standForEach();

/** The key of RFC 6455, 1.3, and what answers it. */
const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
const accepted = [
  ...['HTTP/1.1 101 Switching Protocols', 'Connection: upgrade', 'Upgrade: websocket'],
  ...['Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=', '', ''],
];

it('maintenance begins by a reload, ends no WebSocket, and lets the checks go on', async () => {
  let checks = 0;
  const server = createServer((_, response) => void response.end(`${++checks}`));
  server.on('upgrade', (_, socket) => {
    socket.write(accepted.join('\r\n'));
    socket.on('error', () => undefined).pipe(socket);
  });
  const task = await listen('chat', server);
  const chat = (labels = {}) => instance.publish([backend([task.server], { labels: { check: '/', ...labels } })]);
  await instance.syncHere(chat());
  await instance.startHaproxy();
  await until(async () => (await ask(host)).startsWith('200'));
  let heard = '';
  const socket = connect(10080, host).on('data', (data) => (heard += data));
  const lines = ['GET / HTTP/1.1', 'Host: a', 'Connection: upgrade', 'Upgrade: websocket', key];
  socket.write([...lines, '', ''].join('\r\n'));
  await until(() => heard.includes('101 '));

  expect(await instance.sync(chat({ maintenance: 'on' }))).toMatchObject({ code: 0, report: { how: 'by a reload' } });
  const before = checks;
  socket.write('ping');

  await until(() => heard.endsWith('ping'));
  await until(() => checks > before + 1);
  expect(await ask(host)).toBe('503');
  socket.destroy();
});
