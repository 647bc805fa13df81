import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

type Message = {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
};
type Target = { readonly type: string; readonly webSocketDebuggerUrl: string };
type Key = { readonly key: string; readonly code: number; readonly text?: string };

const keys = { Tab: { key: 'Tab', code: 9 }, Enter: { key: 'Enter', code: 13, text: '\r' } } as const satisfies Record<
  string,
  Key
>;

/** Starts a headless Chromium with an empty profile, and opens one page in it. It speaks the DevTools protocol. */
export async function startBrowser() {
  const profile = mkdtempSync(join(tmpdir(), 'sluice-page-'));
  // Chromium refuses to sandbox itself for root.
  const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const quiet = [
    '--headless',
    '--disable-background-networking',
    '--no-first-run',
    '--disable-sync',
    '--hide-scrollbars',
  ];
  const args = [...asRoot, ...quiet, '--remote-debugging-port=0', `--user-data-dir=${profile}`, 'about:blank'];
  const child = spawn('chromium', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const gone = once(child, 'exit');
  const stop = async () => {
    child.kill();
    await gone;
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const port = await portOf(child.stderr);
    const targets = (await (await fetch(`http://127.0.0.1:${port}/json`)).json()) as readonly Target[];
    const target = targets.find(({ type }) => type === 'page');
    if (target === undefined) throw new Error('Chromium has no page');
    return { ...(await openPage(target.webSocketDebuggerUrl)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

export type Browser = Awaited<ReturnType<typeof startBrowser>>;

async function portOf(errors: NodeJS.ReadableStream): Promise<string> {
  let written = '';
  for await (const part of errors) {
    written += part;
    const port = /DevTools listening on ws:\/\/[^:]+:(\d+)/.exec(written)?.[1];
    if (port !== undefined) return port;
  }
  throw new Error(`Chromium does not start: ${written}`);
}

async function openPage(address: string) {
  const { send, on } = await connect(address);
  const [faults, requests]: [string[], string[]] = [[], []];
  on('Runtime.exceptionThrown', ({ exceptionDetails }) => void faults.push(JSON.stringify(exceptionDetails)));
  on('Log.entryAdded', ({ entry }) => void faults.push(JSON.stringify(entry)));
  on('Network.requestWillBeSent', ({ request }) => void requests.push((request as { url: string }).url));
  for (const part of ['Runtime', 'Log', 'Network', 'Page', 'Accessibility']) await send(`${part}.enable`);
  const evaluate = async <Value>(expression: string): Promise<Value> => {
    const input = { expression, returnByValue: true, awaitPromise: true };
    type Answer = { result: { value: Value }; exceptionDetails?: object };
    const { result, exceptionDetails } = await send<Answer>('Runtime.evaluate', input);
    if (exceptionDetails) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`);
    return result.value;
  };
  return {
    ...{ faults, requests, evaluate, send },
    open: (url: string) => send('Page.navigate', { url }),
    look: async (scheme: 'light' | 'dark', width: number, height: number) => {
      const features = [{ name: 'prefers-color-scheme', value: scheme }];
      await send('Emulation.setEmulatedMedia', { features });
      await send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: width < 500 });
    },
    press: async (name: keyof typeof keys): Promise<void> => {
      const { key, code, ...text }: Key = keys[name];
      for (const type of ['keyDown', 'keyUp'])
        await send('Input.dispatchKeyEvent', { type, key, code: key, windowsVirtualKeyCode: code, ...text });
    },
    shoot: async (file?: string): Promise<string> => {
      const { data } = await send<{ data: string }>('Page.captureScreenshot', { format: 'png' });
      if (file !== undefined) writeFileSync(file, Buffer.from(data, 'base64'));
      return data;
    },
    /** @throws when it does not come to hold in time; `what` says what was waited for. */
    until: async (what: string, expression: string, timeoutMs = 60_000): Promise<void> => {
      for (const end = Date.now() + timeoutMs; !(await evaluate<boolean>(`Boolean(${expression})`)); await sleep(100))
        if (Date.now() > end) throw new Error(`the page does not show ${what} after ${timeoutMs / 1000} s`);
    },
  };
}

/** One connection to the page: commands by number, events by name. */
async function connect(address: string) {
  const socket = new WebSocket(address);
  await once(socket, 'open');
  const waiting = new Map<number, (message: Message) => void>();
  const listeners = new Map<string, (params: Readonly<Record<string, unknown>>) => void>();
  socket.addEventListener('message', ({ data }) => {
    const message = JSON.parse(String(data)) as Message;
    if (message.id === undefined) return listeners.get(message.method ?? '')?.(message.params ?? {});
    waiting.get(message.id)?.(message);
    waiting.delete(message.id);
  });
  let sent = 0;
  return {
    on: (method: string, listener: (params: Readonly<Record<string, unknown>>) => void) =>
      listeners.set(method, listener),
    send: async <Result = unknown>(method: string, params: object = {}): Promise<Result> => {
      sent += 1;
      const id = sent;
      const answer = await new Promise<Message>((resolve) => {
        waiting.set(id, resolve);
        socket.send(JSON.stringify({ id, method, params }));
      });
      if (answer.error) throw new Error(`${method}: ${answer.error.message}`);
      return answer.result as Result;
    },
  };
}
