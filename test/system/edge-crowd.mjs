// Strangers, in a process of their own so that they do not slow down who is measured: `node edge-crowd.mjs <JSON>`.
// Prints "there" when all have come, and at SIGTERM or the end a line of JSON: how many got which answer.
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';

const { kind, host, name, path, clients, leaveMs, ...given } = JSON.parse(process.argv[2]);
const { seconds = 1, streams = 1, addresses = 200 } = given;
const isSecure = !kind.startsWith('ask');
const counts = {};
const count = (what) => (counts[what] = (counts[what] ?? 0) + 1);
const localAddress = (n) => `127.${200 + Math.floor((n % addresses) / 250)}.7.${1 + ((n % addresses) % 250)}`;
const get = (more = '') => `GET ${path} HTTP/1.1\r\nHost: ${name}\r\n${more}\r\n`;
const frame = (type, flags, stream, body) => {
  const head = Buffer.alloc(9);
  head.writeUIntBE(body.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, body]);
};
const webSocketKey = 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: c2x1aWNlc2x1aWNlc2x1aQ==\r\n';
const http2Hello = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(4, 0, 0, Buffer.alloc(0))]);

/** What each kind of stranger does on its connection; what none does is to read. */
const acts = {
  silent: () => undefined,
  slow: (socket) => socket.write(get(`X-Long: ${'x'.repeat(9_000)}`).slice(0, -2)),
  unread: (socket) => socket.pause().write(get()),
  upload: (socket) =>
    socket
      .pause()
      .write(`POST ${path} HTTP/1.1\r\nHost: ${name}\r\nContent-Length: 99999999\r\n\r\n${'x'.repeat(1 << 20)}`),
  websocket: (socket) => socket.pause().write(get(`Upgrade: websocket\r\nConnection: Upgrade\r\n${webSocketKey}`)),
  http2pings: (socket) => {
    socket.pause().write(http2Hello);
    for (let n = 0; n < 20; n++) socket.write(Buffer.concat(Array(2_000).fill(frame(6, 0, 0, Buffer.alloc(8)))));
  },
};

const came = (n) => {
  if (kind === 'askHttp2' || kind === 'http2unread' || kind === 'http2window') return http2(n);
  const options = { host, port: isSecure ? 10443 : 10080, localAddress: localAddress(n), rejectUnauthorized: false };
  const ALPNProtocols = [kind.startsWith('http2') ? 'h2' : 'http/1.1'];
  const socket = isSecure ? connectTls({ ...options, ALPNProtocols }) : connect(options);
  socket.on('error', () => count('refused'));
  socket.on('close', () => count('ended'));
  if (kind !== 'ask')
    return socket.once(isSecure ? 'secureConnect' : 'connect', () => count('connected') && acts[kind](socket));
  socket.write(get('Connection: close\r\n'));
  let answer = '';
  socket.on('data', (text) => (answer += text));
  socket.on('end', () => count(said(/^HTTP\/1.1 (\d+)/.exec(answer)?.[1], /\nretry-after: /i.test(answer))));
  if (leaveMs) setTimeout(() => socket.destroyed || (count('left') && socket.destroy()), leaveMs);
};

const said = (status, again) => `${status}${again ? ' with Retry-After' : ''}`;

function http2(n) {
  const url = isSecure ? `https://${host}:10443` : `http://${host}:10080`;
  const settings = { initialWindowSize: kind === 'http2window' ? 0 : 65_535 };
  const session = connectHttp2(url, { localAddress: localAddress(n), rejectUnauthorized: false, settings });
  session.on('error', () => count('refused'));
  session.on('close', () => count('ended'));
  session.on('connect', () => count('connected'));
  for (let stream = 0; stream < streams; stream++) {
    const request = session.request({ ':path': path, ':authority': name });
    request.on('error', () => undefined);
    request.on('response', (headers) => count(said(headers[':status'], 'retry-after' in headers)));
    if (kind === 'askHttp2') request.resume();
  }
  if (leaveMs) setTimeout(() => session.destroyed || (count('left') && session.destroy()), leaveMs);
}

const end = () => process.stdout.write(`${JSON.stringify(counts)}\n`, () => process.exit());
process.on('SIGTERM', end);
const ticks = Math.max(1, seconds * 50);
for (let tick = 0, n = 0; tick < ticks; tick++) {
  for (; n < ((tick + 1) * clients) / ticks; n++) came(n);
  await new Promise((resolve) => setTimeout(resolve, 20));
}
console.log('there');
if (leaveMs) setTimeout(end, leaveMs + 200);
else setInterval(() => undefined, 1_000);
