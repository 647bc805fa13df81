import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Calls and work of one occasion; fractions, where several were measured together. */
export type Occasion = {
  /** Calls of the functions, named as in IAM. */
  readonly calls: Readonly<Record<string, number>>;
  /** Of one proxy. */
  readonly proxyCalls: Readonly<Record<string, number>>;
  /** SecureStrings that functions write and read; each is one request to KMS. */
  readonly secrets: number;
  /** SecureStrings that one proxy reads. */
  readonly proxySecrets: number;
  /** Messages in the queue. */
  readonly messages: number;
  /** Runs of reconcile. */
  readonly runs: number;
  readonly logBytes: number;
};

/** calls.json; `npm run cost -- --measure` writes all but `renewal`: one certificate is ordered, stored and served. */
export type Calls = Readonly<Record<'tick' | 'change', Occasion>> & {
  readonly measured: string;
  readonly renewal: Occasion & { readonly reckoned: string };
  /** HAProxy's CPU for a request, in microseconds of one core of the machine that measured. */
  readonly cpu: { readonly machine: string; readonly keptConnection: number; readonly newTlsConnection: number };
};

export const callsFile = join(__dirname, 'calls.json');

export const readCalls = (): Calls => JSON.parse(readFileSync(callsFile, 'utf8')) as Calls;
