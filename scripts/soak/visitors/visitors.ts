// The visitors have a process of their own, so that the event loop of the one that drives the soak delays none of them.
import { drawn, randomOf } from '../random';
import { type Answer, type Asked, type Batch, isServed, type Kind, type Order } from '../requests';
import { remind } from './grpc';
import { ask } from './http1';
import { askHttp2 } from './http2';
import { pipeline } from './pipeline';
import type { Sending } from './sending';
import { talk } from './websocket';

/** Of a thousand; a pipeline sends four. */
const weights: Readonly<Record<Kind, number>> = {
  'GET, connection kept': 330,
  'GET, connection new': 90,
  'GET, slow': 60,
  'GET, pipelined': 35,
  'GET, HTTP/2': 150,
  POST: 120,
  'POST, HTTP/2': 60,
  upload: 20,
  download: 25,
  WebSocket: 4,
  'gRPC call': 70,
  'gRPC stream': 3,
  'GET, abandoned': 8,
};
type Weights = Readonly<Record<string, number>>;
const services: Weights = { web: 44, api: 30, rpc: 10, solo: 9, passing: 7 };
/** HTTP/1.1 alone has this upgrade, and tasks of `rpc` speak HTTP/2. */
const upgrading: Weights = { web: 60, api: 30, solo: 10 };
const inPipeline = 4;
const addresses = 8;
/** A busy machine may hold this process up; it does not send at once all that it missed. */
const mostInTick = 12;
const tickMs = 5;

const senders: Readonly<Partial<Record<Kind, (sending: Sending) => Promise<Answer>>>> = {
  'GET, HTTP/2': askHttp2,
  'POST, HTTP/2': askHttp2,
  WebSocket: talk,
  'gRPC call': remind,
  'gRPC stream': remind,
};

let order: Order | undefined;
let random = randomOf(1);
let [sent, underWay, isOver] = [0, 0, false];
let due = 0;
let last = performance.now();
let served: Partial<Record<Kind, [number, number]>> = {};
let failed: Batch['failed'][number][] = [];
let youngest: Record<string, number> = {};

process.on('message', (next: Order | 'end') => {
  if (next === 'end') isOver = true;
  else [order, random, last] = [next, randomOf(next.seed), performance.now()];
});

// An open loop: a request is sent when it is due, however slow earlier ones are.
setInterval(() => {
  const now = performance.now();
  if (order !== undefined && !isOver) due = Math.min(mostInTick, due + (order.perSecond * (now - last)) / 1_000);
  last = now;
  for (; !isOver && due >= 1; due -= 1) draw();
}, tickMs);
setInterval(report, 250);

function draw(): void {
  const kind = drawn(random, weights);
  const isGrpc = kind.startsWith('gRPC');
  const service = isGrpc ? 'rpc' : drawn(random, kind === 'WebSocket' ? upgrading : services);
  const secure = random.chance(0.5);
  const from = process.platform === 'linux' && !isGrpc ? `127.0.0.${2 + random.between(0, addresses - 1)}` : undefined;
  const size = random.between(64 * 1_024, 512 * 1_024);
  const make = () => prepared({ id: `r${++sent}`, kind, secure, service, start: Date.now() }, from, size);
  if (kind === 'GET, pipelined') {
    const row = Array.from({ length: inPipeline }, make);
    due -= inPipeline - 1;
    for (const [index, answer] of pipeline(row).entries()) void finish(row[index] as Sending, answer);
    return;
  }
  const sending = make();
  void finish(sending, attempt(senders[kind] ?? ask, sending));
}

type Started = Sending & { readonly asked: Asked };

function prepared(asked: Asked, from: string | undefined, size: number): Started {
  const mine: { -readonly [Key in keyof Asked]: Asked[Key] } = { ...asked };
  underWay += 1;
  return {
    asked: mine,
    order: order as Order,
    from,
    size,
    sent: () => {
      mine.start = Date.now();
    },
  };
}

/** A sender may refuse at once, such as on a connection that just closed. */
async function attempt(send: (sending: Sending) => Promise<Answer>, sending: Sending): Promise<Answer> {
  try {
    return await send(sending);
  } catch (error) {
    return { error: (error as Error).message };
  }
}

async function finish({ asked }: Sending, answering: Promise<Answer>): Promise<void> {
  const answer = await answering;
  const { kind, secure, start } = asked;
  underWay -= 1;
  if (answer.task !== undefined) youngest[answer.task] = Math.max(youngest[answer.task] ?? 0, start);
  if (!isServed(answer)) return void failed.push({ ...asked, ...answer, end: Date.now() });
  const counts = served[kind] ?? [0, 0];
  counts[secure ? 1 : 0] += 1;
  served[kind] = counts;
}

function report(): void {
  // The event "disconnect" may have come before this process listened.
  if (!process.connected) process.exit();
  process.send?.({ sent, underWay, served, failed, youngest } satisfies Batch);
  [served, failed, youngest] = [{}, [], {}];
}
