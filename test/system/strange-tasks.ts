import type { RequestListener } from 'node:http';
import { createServer as createHttp2 } from 'node:http2';
import { createServer as createHttps } from 'node:https';
import { type AddressInfo, createServer, type Server as NetServer, type Socket } from 'node:net';

import { selfSigned } from './haproxy-instance';

const started: { server: NetServer; sockets: Set<Socket> }[] = [];

export const stopStrangeTasks = (): void => {
  for (const { server, sockets } of started.splice(0)) {
    server.close();
    for (const socket of sockets) socket.destroy();
  }
};

/** A task that speaks whatever a server does. */
export async function startStrangeTask(name: string, server: NetServer) {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => undefined)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  started.push({ server, sockets });
  const { port } = server.address() as AddressInfo;
  return { server: { name, address: '127.0.0.1', port }, at: `127.0.0.1:${port}` };
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
