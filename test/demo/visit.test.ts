import { Agent, createServer, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';

import { holdOpen, secureOrigin, shownBy, trusting } from '../../scripts/demo/secure';
import { visit } from '../../scripts/demo/visit';
import { portOf } from '../listening';
import { selfSigned } from '../system/self-signed';

const [pem, other] = [selfSigned('sluice.test'), selfSigned('sluice.test')];
const secure = { host: 'sluice.test', port: 0, root: pem };
const plan = { id: 'r1', kind: 'kept', method: 'GET', path: '/' } as const;

const serveSecurely = (listener: RequestListener) => portOf(createSecureServer({ key: pem, cert: pem }, listener));

it.each<[string, RequestListener, object]>([
  [
    'counts an answer that breaks off as none',
    (_, response) => {
      response.writeHead(200, { 'content-length': 100, 'x-task': 'aaaa' });
      response.write('half', () => response.socket?.destroy());
    },
    { status: 200, task: 'aaaa', error: 'the answer broke off: aborted' },
  ],
  ['is not repeated when the connection closes', ({ socket }) => socket.destroy(), { error: 'socket hang up' }],
])('a visit %s', async (_, listener, outcome) => {
  let connections = 0;
  const port = await portOf(createServer(listener).on('connection', () => connections++));

  const { start, end, id, kind, method, ...rest } = await visit(`http://127.0.0.1:${port}`, plan, new Agent());

  expect(rest).toStrictEqual(outcome);
  expect(connections).toBe(1);
});

it.each([
  ['another authority', { root: other }, /self-signed certificate/],
  ['another name', { host: 'elsewhere.test' }, /elsewhere.test. is not in the cert/],
])('a visit by HTTPS fails when the certificate is of %s', async (_, more, fault) => {
  const port = await serveSecurely((request, response) => void request.pipe(response));
  const asked = { ...secure, port, ...more };

  expect(await visit(secureOrigin(asked), { ...plan, secure: true }, trusting(asked, {}))).toMatchObject({
    error: expect.stringMatching(fault),
  });
  await expect(shownBy(asked)).rejects.toThrow(fault);
});

it('holdOpen fails when the connection was closed between two requests', async () => {
  const port = await serveSecurely((_, response) => response.setHeader('connection', 'close').end());
  const finish = holdOpen({ ...secure, port });
  await sleep(300);

  await expect(finish()).rejects.toThrow(/^a kept connection ended after 1 requests/);
});
