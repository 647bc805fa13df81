import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { dirname, join } from 'node:path';

import { listen } from '../../real/loopback';

type Deps = {
  readonly port: number;
  /** Everything, for a browser that has just come. */
  readonly snapshot: () => object;
  /** Returns why it cannot be done, or nothing. */
  readonly act: (name: string) => string | undefined;
};

const uplot = dirname(require.resolve('uplot'));
const folder = join(__dirname, 'page');
const files: Readonly<Record<string, readonly [type: string, file: string]>> = {
  '/': ['text/html', join(folder, 'page.html')],
  '/page.css': ['text/css', join(folder, 'page.css')],
  ...Object.fromEntries(
    ['page', 'dom', 'fleet', 'chart', 'acts'].map((name) => [
      `/${name}.js`,
      ['text/javascript', join(folder, `${name}.js`)] as const,
    ]),
  ),
  '/icon.svg': ['image/svg+xml', join(folder, 'icon.svg')],
  '/uPlot.js': ['text/javascript', join(uplot, 'uPlot.esm.js')],
  '/uPlot.css': ['text/css', join(uplot, 'uPlot.min.css')],
};

/** The page is for this browser and this machine only: nothing else may be loaded, framed or asked. */
const headers = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cache-control': 'no-store',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

const mostBrowsers = 20;
/** A browser that leaves so much unread is dropped; it connects again by itself. */
const mostUnreadBytes = 262_144;

/** Serves the page on loopback, and sends events to each browser that has it open. */
export async function servePage({ port: asked, snapshot, act }: Deps) {
  // Another web page cannot read the events, so it does not know the token and cannot press a button.
  const token = randomBytes(16).toString('hex');
  const browsers = new Set<ServerResponse>();
  const stream = (request: IncomingMessage, response: ServerResponse): void => {
    response.writeHead(200, { ...headers, 'content-type': 'text/event-stream' });
    response.write(eventOf('snapshot', { token, ...snapshot() }));
    browsers.add(response);
    request.on('close', () => browsers.delete(response));
  };
  const server = createServer((request, response) => {
    const { host = '' } = request.headers;
    const path = (request.url ?? '').replace(/\?.*/s, '');
    // A name that leads here by DNS is not this page's host.
    if (![`127.0.0.1:${port}`, `localhost:${port}`].includes(host))
      return end(response, 421, 'This page is served at 127.0.0.1 only.\n');
    if (request.method === 'POST') return press(request, response, path, { token, act });
    if (path !== '/events' || request.method !== 'GET') return file(response, request.method === 'GET' ? path : '');
    return browsers.size < mostBrowsers ? stream(request, response) : end(response, 503);
  });
  const { port, stop } = await listen(server, asked);
  return {
    url: `http://127.0.0.1:${port}/`,
    isWatched: (): boolean => browsers.size > 0,
    send: (name: string, data: object): void => {
      const text = eventOf(name, data);
      for (const browser of browsers)
        if (browser.writableLength > mostUnreadBytes) browser.destroy();
        else browser.write(text);
    },
    stop,
  };
}

export type Server = Awaited<ReturnType<typeof servePage>>;

const end = (response: ServerResponse, status: number, text = ''): ServerResponse =>
  response.writeHead(status, headers).end(text);

function press(
  { headers: { host, origin, 'x-token': known } }: IncomingMessage,
  response: ServerResponse,
  path: string,
  { token, act }: Pick<Deps, 'act'> & { readonly token: string },
): ServerResponse {
  const name = /^\/act\/([a-z-]+)$/.exec(path)?.[1];
  if (origin !== `http://${host}` || known !== token || name === undefined)
    return end(response, 403, 'Only the page itself may do this.\n');
  const why = act(name);
  return end(response, why === undefined ? 204 : 409, why);
}

function file(response: ServerResponse, path: string): ServerResponse {
  const [type, name] = files[path] ?? [];
  if (type === undefined || name === undefined) return end(response, 404);
  return response.writeHead(200, { ...headers, 'content-type': `${type}; charset=utf-8` }).end(readFileSync(name));
}

const eventOf = (name: string, data: object): string => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
