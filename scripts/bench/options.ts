import { parseArgs } from 'node:util';

import { numberOf } from '../arguments';

export type Options = {
  readonly lines: boolean;
  readonly rounds: number;
  readonly seconds: number;
  readonly json?: string;
};

export const usage = `npm run bench -- edge [options]

  HAProxy's CPU for a request, over HTTP/1.1 keep-alive in clear text, and HTTP/2 over TLS: with Sluice's configuration for one
  service against scripts/bench/reference.cfg, the least, and before.cfg, Sluice's own before it had labels that no service uses
  here; and with 100 and 1,000 routes against one. About four minutes; on Linux only.

  --lines      instead: which lines of Sluice's configuration cost most, over HTTP/1.1; about seven minutes
  --rounds N   each measures every configuration four times, in turn; 9, with --lines 5 for each line
  --seconds S  of load for each measurement; 0.5, with --lines 0.2
  --json FILE  write all that was measured to FILE

  HAPROXY=<path> chooses the binary.`;

/** @throws when the arguments are not what `usage` says; the message names the fault. */
export function readOptions(args: readonly string[]): Options {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: { lines: { type: 'boolean', default: false }, rounds: text, seconds: text, json: text },
  });
  const rounds = numberOf('rounds', values.rounds, values.lines ? 5 : 9, 1);
  if (!Number.isInteger(rounds)) throw new Error(`--rounds ${rounds}: must be a whole number`);
  if (values.json === '') throw new Error('--json needs the name of a file');
  return {
    lines: values.lines,
    rounds,
    seconds: numberOf('seconds', values.seconds, values.lines ? 0.2 : 0.5, 0.1),
    ...(values.json === undefined ? {} : { json: values.json }),
  };
}
