import type { Down } from './down';

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
};

/** `faults` are what kept single certificates back. They hold nothing else up. */
export type Outcome = { readonly done: Done; readonly faults: readonly string[] };

/** What a sync throws when everything is applied but what its message names. */
export class Incomplete extends Error {}
