import type { RequestListener } from 'node:http';
import { createServer as createHttp2 } from 'node:http2';
import { createServer as createHttps } from 'node:https';
import { createServer, type Server as NetServer, type Socket } from 'node:net';
import { listen } from './haproxy-tasks';
import { selfSigned } from './self-signed';

/** A task that speaks whatever a server does. */
export async function startStrangeTask(name: string, protocol: NetServer) {
  protocol.on('connection', (socket: Socket) => socket.on('error', () => undefined));
  const { server } = await listen(name, protocol);
  return { server, at: `127.0.0.1:${server.port}` };
}

const answer: RequestListener = (_, response) => response.end('answered');
export const grpc = () => createHttp2((_, response) => response.end('by HTTP/2')) as unknown as NetServer;
export const https = () => {
  const pem = selfSigned('task');
  return createHttps({ key: pem, cert: pem }, answer);
};
export const speaksFirst = (words: string) => createServer((socket) => socket.write(words));
export const answers = (reply: (first: number) => string | Buffer) =>
  createServer((socket) => socket.once('data', (bytes) => socket.end(reply(bytes[0] ?? 0))));
/** As Go and nginx do at a port for TLS. */
export const helpful = () =>
  answers((first) =>
    first === 0x16
      ? Buffer.from('15030300020232', 'hex')
      : 'HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n',
  );
