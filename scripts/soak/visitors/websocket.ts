import { request as plainly } from 'node:http';
import { request as securely } from 'node:https';
import type { Duplex } from 'node:stream';

import { type Answer, completed, headOf, hostOf } from '../requests';
import { patienceMs, type Sending } from './sending';

const upgradeHeaders = {
  Upgrade: 'websocket',
  Connection: 'Upgrade',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'c2x1aWNlc2x1aWNlc2x1aQ==',
};

/** Opens a WebSocket, and says something every half second; each time the same must come back. */
export function talk(sending: Sending): Promise<Answer> {
  const { asked, order, from, size, sent } = sending;
  const { secure, service, id } = asked;
  return new Promise((resolve) => {
    const to = { host: order.host, port: secure ? order.https : order.http, localAddress: from };
    const headers = { ...upgradeHeaders, host: hostOf(service), 'x-soak': id };
    const options = { ...to, headers, agent: false as const, timeout: patienceMs };
    const outgoing = secure
      ? securely({ ...options, servername: hostOf(service), rejectUnauthorized: false })
      : plainly(options);
    outgoing.on('socket', sent);
    outgoing.on('error', (error) => resolve({ error: error.message }));
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer in 30 s')));
    outgoing.on('response', (incoming) => {
      let text = '';
      incoming.on('data', (chunk) => {
        text += chunk;
      });
      incoming.on('error', (error) => resolve({ error: error.message }));
      incoming.on('end', () =>
        resolve(completed(service, headOf(incoming.statusCode ?? 0, incoming.headers), false, text)),
      );
    });
    outgoing.on('upgrade', (incoming, socket: Duplex) => {
      const head = headOf(200, incoming.headers);
      const words = 4 + (size % 16);
      void converse(socket, words).then((error) =>
        resolve(error === undefined ? completed(service, head, true, '') : { ...head, error }),
      );
    });
    outgoing.end();
  });
}

/** Returns why the conversation broke off, `undefined` if it did not. */
function converse(socket: Duplex, words: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    let [said, heard] = [0, ''];
    let late: NodeJS.Timeout;
    const end = (error?: string) => {
      clearTimeout(late);
      socket.destroy();
      resolve(error);
    };
    const say = () => {
      if (said === words) return end();
      late = setTimeout(() => end('no echo in 30 s'), patienceMs);
      said += 1;
      return socket.write(`word ${said};`);
    };
    socket.on('data', (chunk) => {
      heard += chunk;
      if (heard !== `word ${said};`) return;
      heard = '';
      clearTimeout(late);
      setTimeout(say, 500);
    });
    socket.on('error', ({ message }) => end(`the tunnel broke: ${message}`));
    socket.on('close', () => end('the tunnel ended'));
    say();
  });
}
