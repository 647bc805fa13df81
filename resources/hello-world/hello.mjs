// hello-world: shows which task answered. On SIGTERM it accepts the connections that wait, closes its port, finishes the requests in
// progress, then ends.
import { createServer } from 'node:http';
import { Server } from 'node:net';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

async function ownTask(endpoint) {
  if (endpoint === undefined) return 'none';
  const { TaskARN } = await (await fetch(`${endpoint}/task`)).json();
  return TaskARN.split('/').at(-1);
}

const {
  TASK_ID = await ownTask(process.env.ECS_CONTAINER_METADATA_URI_V4),
  HOST = '127.0.0.1',
  PORT = '8080',
} = process.env;
const { VERSION = process.env.REVISION ?? '1' } = process.env;
// In bridge mode this address and port are the container's own, which are of no use outside.
const at = HOST === '0.0.0.0' ? hostname() : `${HOST}:${PORT}`;
const colours = ['#0b7285', '#d9480f', '#5f3dc4', '#2b8a3e', '#a61e4d', '#1864ab'];
const colour = colours[(Number(VERSION) - 1) % colours.length] ?? colours[0];

const page = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>hello from ${TASK_ID.slice(0, 4)}</title>
<style>body{margin:0;min-height:100vh;display:grid;place-content:center;text-align:center;font:1.2em system-ui;color:#fff;background:${colour}}
h1{font-size:3em;margin:0}code{background:#0003;padding:.2em .5em;border-radius:.3em}a{color:inherit}</style>
<h1>Hello!</h1><p>Version ${VERSION}, served by task <code>${TASK_ID.slice(0, 4)}</code> at <code>${at}</code>.</p>
<p>Reload the page: another task may answer. <a href="/">Again</a></p></html>
`;

let arrivals = 0;
let leaving = false;

const server = createServer(async (request, response) => {
  const asked = request.headers['x-demo-request'];
  if (asked !== undefined) process.stdout.write(`began ${asked}\n`);
  response.setHeader('x-task', TASK_ID);
  if (leaving) response.setHeader('connection', 'close');
  const { pathname, searchParams } = new URL(request.url, 'http://hello');

  if (pathname === '/health') return response.end('well\n');
  if (pathname === '/slow') await sleep(Math.min(Number(searchParams.get('ms')) || 0, 60_000));
  if (request.method === 'POST') {
    response.setHeader('content-type', request.headers['content-type'] ?? 'application/octet-stream');
    return request.pipe(response);
  }
  const json = request.headers.accept?.includes('application/json');
  response.setHeader('content-type', json ? 'application/json' : 'text/html; charset=utf-8');
  return response.end(json ? JSON.stringify({ task: TASK_ID, version: VERSION, at }) : page);
});

// Longer than a proxy keeps an idle connection, so that this side never closes one first.
server.keepAliveTimeout = 75_000;
for (const event of ['connection', 'request']) server.on(event, () => void arrivals++);
process.on('SIGTERM', () => {
  leaving = true;
  setImmediate(closeOnceQuiet);
});
server.listen(Number(PORT), HOST);

/** A connection that waits when the port closes is reset, and one turn of the event loop accepts one; so this waits for a turn without any. */
function closeOnceQuiet(seen) {
  if (seen !== arrivals) return setImmediate(closeOnceQuiet, arrivals);
  // Not the close of `node:http`: it would also cut idle connections, on which a request may be on its way.
  Server.prototype.close.call(server, () => process.exit(0));
  // After the close, because the reader of this line acts on it at once.
  process.stdout.write('closed its door\n');
  // By then the proxy has noticed, and uses no idle connection.
  setTimeout(() => setInterval(() => server.closeIdleConnections(), 50), 2_000);
}
