// A task of the soak, in a process of its own so that it can be killed. Its log, a file, names each request that it began. Node.js runs
// it as it is, because one starts every second.
import { createHash } from 'node:crypto';
import { openSync, writeSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createHttp2 } from 'node:http2';
import { Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const { TASK, SERVICE, HOST, PORT, SPEAKS, CHECK, PRE_STOP_MS, LOG } = process.env;
const log = openSync(LOG, 'a');
const say = (words) => process.stdout.write(`${words} ${Date.now()}\n`);
const block = Buffer.alloc(64 * 1024, 'x');

let [arrivals, checks, underWay, isAiling, isLeaving] = [0, 0, 0, false, false];

/** HAProxy resets a check by TCP before the kernel shows the connection to this process, so here only those by HTTP can be seen. */
const hasPassed = () => CHECK === 'tcp' || checks > 0;

function answer(request, response) {
  if (request.url === '/health') {
    response.writeHead(isAiling ? 503 : 200).end();
    if (!isAiling && ++checks === 1) say('passed');
    return;
  }
  begin(request, response);
  response.setHeader('x-task', TASK);
  response.setHeader('x-service', SERVICE);
  if (isLeaving && request.httpVersionMajor === 1) response.setHeader('connection', 'close');
  void act(request, response, new URL(request.url, 'http://task'));
}

function begin(request, ending) {
  const id = request.headers['x-soak'];
  writeSync(log, `${id}\n`);
  if (!hasPassed()) say(`early ${id}`);
  underWay += 1;
  ending.on('close', () => {
    underWay -= 1;
  });
}

async function act(request, response, { pathname, searchParams }) {
  if (request.headers['content-type'] === 'application/grpc') return echoFrames(request, response);
  if (pathname === '/upload') return response.end(await digestOf(request));
  if (pathname === '/slow') await sleep(Number(searchParams.get('ms')));
  if (pathname === '/download') return download(response, Number(searchParams.get('bytes')));
  if (request.method === 'POST') return request.pipe(response);
  response.setHeader('content-length', 5);
  return response.end('hello');
}

async function digestOf(request) {
  const hash = createHash('sha1');
  try {
    for await (const chunk of request) hash.update(chunk);
  } catch {
    // The client, or the proxy for it, left within the upload.
  }
  return hash.digest('hex');
}

function download(response, bytes) {
  response.setHeader('content-length', bytes);
  let left = bytes;
  const more = () => {
    while (left > 0) {
      const part = block.subarray(0, Math.min(left, block.length));
      left -= part.length;
      if (!response.write(part)) return response.once('drain', more);
    }
    return response.end();
  };
  more();
}

/** Every message comes back as it is, so one handler serves calls and streams (gRPC over HTTP/2: length-prefixed messages, then trailers). */
function echoFrames(request, response) {
  response.writeHead(200, { 'content-type': 'application/grpc' });
  response.addTrailers({ 'grpc-status': '0' });
  request.on('error', () => undefined).pipe(response);
}

/** RFC 6455, 4.2.2. The bytes that follow come back as they are. */
function upgrade(request, socket) {
  begin(request, socket);
  const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
  const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}${guid}`).digest('base64');
  const lines = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'];
  const own = [`Sec-WebSocket-Accept: ${accept}`, `X-Task: ${TASK}`, `X-Service: ${SERVICE}`];
  socket.write(`${[...lines, ...own].join('\r\n')}\r\n\r\n`);
  socket.on('error', () => undefined).pipe(socket);
}

const server = SPEAKS === 'h2c' ? createHttp2(answer) : createServer(answer);
// Longer than a proxy keeps an idle connection, so that this side never closes one first.
server.keepAliveTimeout = 75_000;
server.on('connection', () => arrivals++);
server.on('request', () => arrivals++);
server.on('upgrade', upgrade);
server.on('error', (error) => {
  process.stdout.write(`failed ${error.message}\n`);
  process.exit(1);
});
server.listen({ port: Number(PORT), host: HOST, backlog: 511 }, () => say('listens'));

process.stdin.on('data', (words) => {
  isAiling = `${words}`.trim().endsWith('ail');
});
process.on('SIGTERM', () => setTimeout(leave, Number(PRE_STOP_MS)));

function leave() {
  isLeaving = true;
  setImmediate(closeOnceQuiet);
}

/** As resources/hello-world/hello.mjs does: a connection that waits when the port closes is reset, and one turn of the event loop accepts one. */
function closeOnceQuiet(seen) {
  if (seen !== arrivals) return setImmediate(closeOnceQuiet, arrivals);
  Server.prototype.close.call(server);
  say('closed');
  // By then the proxy has noticed, and uses no idle connection.
  return setTimeout(() => setInterval(() => underWay === 0 && process.exit(0), 50), 2_000);
}
