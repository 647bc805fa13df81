import { request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

import { door, doorForAll } from './edge';

const silenceMs = 1_600;

doorForAll(
  { brief: '*/brief', patient: '*/patient', usual: '*' },
  {
    labels: { brief: { timeout: '1s', 'timeout.idle': '3s' }, patient: { timeout: '3s' } },
    // A visitor who waits sends nothing meanwhile.
    edit: (text) => text.replace('timeout client 30s', 'timeout client 500ms'),
    answer: (_, { url = '' }, response) => {
      const [, what, seconds] = /(late|pauses)(\d*)$/.exec(url) ?? [];
      if (what === undefined) return 200;
      if (what === 'pauses') response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('first, ');
      setTimeout(() => response.end('last'), seconds ? 1_000 * Number(seconds) : silenceMs);
      return 'hangs';
    },
  },
);

const events = ['Accept: text/html, Text/Event-Stream'];

/** Status and end of the answer, by HTTP/1.1 and by HTTP/2. */
async function answers(path: string, headers: readonly string[]) {
  const head = [`GET ${path} HTTP/1.1`, 'Host: a.example', 'Connection: close', ...headers, '', ''].join('\r\n');
  const old = door.send(head, { silentMs: 5_000 });
  const accept = headers.map((line) => ({ accept: line.replace('Accept: ', '') }));
  const { status, body } = await door.ask2({ ':path': path, ...accept[0] });
  return [(await old).slice(9), `${status} ${body}`].map((answer) => `${answer.slice(0, 3)} ${/last|$/.exec(answer)}`);
}

const cases: readonly (readonly [what: string, path: string, headers: readonly string[], expected: string])[] = [
  ['an answer that is later than the time-out is a 504', '/brief/late', [], '504 '],
  ['an answer within a longer time-out arrives', '/patient/late', [], '200 last'],
  ['an answer to a service without the label arrives', '/late', [], '200 last'],
  ['a pause that is longer than the time-out breaks an answer off', '/brief/pauses', [], '200 '],
  ['events may pause for longer', '/brief/pauses', events, '200 last'],
  ['events may begin later', '/brief/late', events, '200 last'],
  ['events may not pause for ever', '/brief/pauses4', events, '200 '],
  ['the time-out of events is the usual one without a label', '/patient/pauses4', events, '200 '],
];

// All at once: each waits on a connection of its own.
let found: readonly (readonly string[])[];
beforeAll(async () => {
  found = await Promise.all(cases.map(([, path, headers]) => answers(path, headers)));
});

it.each(cases.map(([what, , , expected], index) => [what, expected, index] as const))('%s', (_, expected, index) => {
  expect(found[index]).toStrictEqual([expected, expected]);
});

it.each([
  ['lives while it is silent for longer than an answer may take', '/brief', silenceMs, 'echo'],
  ['ends when it is silent for too long', '/brief', 3_800, 'closed'],
  ['may be silent for longer without a label', '/patient', 3_800, 'echo'],
])('a WebSocket %s', async (_, path, silentMs, expected) => {
  const headers = {
    ...{ Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Version': '13' },
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
  };
  const asked = request({ host: door.instance.host, port: 10_080, path, headers }).end();
  const found = new Promise((resolve) =>
    asked.on('upgrade', (_response, socket) => {
      socket.on('error', () => undefined).on('data', (data) => resolve(String(data)));
      socket.on('close', () => resolve('closed'));
      void pause(silentMs).then(() => socket.write('echo'));
    }),
  );

  expect(await found).toBe(expected);
  asked.destroy();
});
