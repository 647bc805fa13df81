import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What one occasion makes of calls and of work; fractions, where several were measured together. */
export type Occasion = {
  /** Of the functions, named as in IAM. */
  readonly calls: Readonly<Record<string, number>>;
  /** Of one proxy. */
  readonly proxyCalls: Readonly<Record<string, number>>;
  /** Private keys and the like, written and read by functions: each is one request to KMS. */
  readonly secrets: number;
  /** The same, read by one proxy. */
  readonly proxySecrets: number;
  /** Messages in the queue. */
  readonly messages: number;
  /** Runs of reconcile. */
  readonly runs: number;
  readonly logBytes: number;
};

/** calls.json, written by `npm run cost -- --measure`. */
export type Calls = {
  readonly measured: string;
  readonly tick: Occasion;
  /** One task is replaced by another. */
  readonly change: Occasion;
  /** One certificate is ordered, stored and served. */
  readonly renewal: Occasion & { readonly reckoned: string };
  /** CPU of HAProxy for a request, in microseconds of one core of the machine that measured. */
  readonly cpu: { readonly machine: string; readonly keptConnection: number; readonly newTlsConnection: number };
};

export const callsFile = join(__dirname, 'calls.json');

export const readCalls = (): Calls => JSON.parse(readFileSync(callsFile, 'utf8')) as Calls;
