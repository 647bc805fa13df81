import type { Down } from './haproxy/down';
import type { Foreign } from './haproxy/speech';

/** What a sync did: one line of JSON, fit for a log. */
export type Report = { readonly generation: number } & Done;

export type Done = {
  /** `prepared`: installed for a HAProxy that the first boot starts later. `files`: only what HAProxy does not read, such as comments. */
  readonly changed: 'nothing' | 'files' | 'membership' | 'certificates' | 'structure' | 'prepared';
  readonly how?: string;
  readonly added?: number;
  readonly left?: number;
  readonly removed?: number;
  /** The files of the certificates that were put in place. */
  readonly certificates?: readonly string[];
  /** The serials that the proxy's own handshakes showed, by the name of the certificate. */
  readonly served?: Readonly<Record<string, string>>;
  /** Tasks that this proxy cannot reach. */
  readonly down?: Down;
  /** Tasks that it reaches, and that speak no HTTP/1.1. */
  readonly foreign?: Foreign;
};

/** `faults` are what kept single certificates back. They hold nothing else up. */
export type Outcome = { readonly done: Done; readonly faults: readonly string[] };

/** What a sync throws when everything is applied but what its message names. */
export class Incomplete extends Error {}

const refusals = ['ENOSPC', 'EDQUOT', 'EFBIG', 'EROFS', 'EIO'];

/** An error of a disk that takes nothing more, with what to do about it; any other error as it is. */
export function explained(error: Error): Error {
  if (!refusals.includes(String((error as NodeJS.ErrnoException).code))) return error;
  const advice = 'what is installed stays, and tasks come and go as long as HAProxy runs';
  return new Error(
    `the disk could not be written (${error.message}); make room on it, or mend it. Until then ${advice}`,
    {
      cause: error,
    },
  );
}
