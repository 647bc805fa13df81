/** What the visitors send. A gRPC stream and a WebSocket count as one request each. */
export const kinds = [
  'GET, connection kept',
  'GET, connection new',
  'GET, slow',
  'GET, pipelined',
  'GET, HTTP/2',
  'POST',
  'POST, HTTP/2',
  'upload',
  'download',
  'WebSocket',
  'gRPC call',
  'gRPC stream',
  'GET, abandoned',
] as const;
export type Kind = (typeof kinds)[number];

/** HAProxy repeats these when a connection breaks before the answer, and nothing else (lib/haproxy/sections.ts). */
export const isRepeatable = (kind: Kind): boolean => kind.startsWith('GET') || kind === 'download';

/** A request before it is answered. Times are epoch milliseconds, of one clock for all processes. */
export type Asked = {
  readonly id: string;
  readonly kind: Kind;
  readonly secure: boolean;
  readonly service: string;
  readonly start: number;
};

/** `task` and `answeredBy` are what the task says of itself; HAProxy's own answers lack both. */
export type Answer = {
  readonly status?: number;
  readonly task?: string;
  readonly answeredBy?: string;
  /** Why it is not a right answer; absent if it is. */
  readonly error?: string;
  /** How HAProxy's own answer begins. */
  readonly words?: string;
  /** The answer before it on its connection said `Connection: close`. */
  readonly wasAnnounced?: true;
  /** The visitor itself broke it off. */
  readonly left?: true;
};

export type Ended = Asked & Answer & { readonly end: number };

export type Order = {
  readonly host: string;
  readonly http: number;
  readonly https: number;
  readonly perSecond: number;
  readonly seed: number;
};

/** Four times a second: what ended since the last batch. */
export type Batch = {
  readonly sent: number;
  readonly underWay: number;
  /** By kind: how many by HTTP, and by HTTPS. */
  readonly served: Readonly<Partial<Record<Kind, readonly [number, number]>>>;
  readonly failed: readonly Ended[];
  /** By task: when the youngest of the requests that it answered began. */
  readonly youngest: Readonly<Record<string, number>>;
};

export const hostOf = (service: string): string => `${service}.example`;

export const isServed = ({ error, left }: Answer): boolean => error === undefined && left === undefined;

type Head = Pick<Answer, 'status' | 'task' | 'answeredBy'>;

/** @param headers with lower-case names */
export function headOf(status: number, headers: Readonly<Record<string, unknown>>): Head {
  const { 'x-task': task, 'x-service': answeredBy } = headers;
  return {
    status,
    ...(typeof task === 'string' && { task }),
    ...(typeof answeredBy === 'string' && { answeredBy }),
  };
}

/** Judges a complete answer: it must come from a task of that service, and be what was asked for. */
export function completed(service: string, head: Head, isRight: boolean, body: string): Answer {
  const { status, task, answeredBy } = head;
  if (task === undefined) return { ...head, error: `status ${status}`, words: body.slice(0, 200) };
  if (answeredBy !== service) return { ...head, error: `a task of ${answeredBy} answered` };
  if (status !== 200) return { ...head, error: `the task answered ${status}` };
  return isRight ? head : { ...head, error: 'the answer is not what was asked for' };
}
