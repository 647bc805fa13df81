import type { EC2ClientConfig } from '@aws-sdk/client-ec2';

import type { Terminal } from '../terminal/terminal';

/** What the user gave: options by their names in camel case, and what every verb takes. */
export type Given = {
  readonly stage: string;
  readonly region: string;
  readonly json: boolean;
  readonly [option: string]: unknown;
};

export type Choice = { readonly value: string; readonly label: string; readonly hint?: string };

/** Asks a person in the terminal. Each question returns `undefined` when they break off with Ctrl-C. */
export type Questions = {
  /** @param fault returns what is wrong with an answer */
  readonly text: (asks: string, proposed: string, fault: (answer: string) => string | undefined) => Answer<string>;
  readonly choose: (asks: string, choices: readonly Choice[]) => Answer<string>;
  readonly confirm: (asks: string) => Answer<boolean>;
};

type Answer<Kind> = Promise<Kind | undefined>;

export type Deps = {
  readonly terminal: Terminal;
  /** Settings of every AWS client, with the user's own credentials. */
  readonly config: (region: string) => EC2ClientConfig;
  readonly now: () => number;
  /** A signal ends it early, by an error. */
  readonly pause: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** The packager's program; by default the one in node_modules. */
  readonly packager?: string;
  /** By default those in the terminal. */
  readonly questions?: Questions;
  /** The addresses of a host, by this machine's resolver. */
  readonly resolve: (host: string) => Promise<readonly string[]>;
  /** The clone. */
  readonly root: string;
  /** Where the user is: paths that they name begin here. */
  readonly cwd: string;
};

/** Returns the exit code: 0 if all is well, 1 if anything is not. @throws Stop, and errors of AWS. */
export type Run = (given: Given, deps: Deps, ...words: readonly string[]) => Promise<number>;

export type Verb = {
  /** With its arguments, such as `explain <url>`. */
  readonly usage: string;
  readonly summary: string;
  readonly options?: readonly (readonly [flags: string, says: string, standard?: string])[];
  /** Whether `--json` prints its result for a program. */
  readonly hasJson?: boolean;
  /** Whether it takes a stage and a region. */
  readonly isOfStage?: boolean;
  /** Hands all further arguments on to `run`, `--help` among them. */
  readonly handsOn?: boolean;
  /** The file that lists the permissions it needs. */
  readonly policy?: string;
  readonly examples: readonly (readonly [args: string, says: string])[];
  /** Loaded when the verb runs, because AWS's clients load slowly. */
  readonly load: () => Promise<{ readonly run: Run }>;
};

/** An expected end: its message is a whole sentence that says what to do next. */
export class Stop extends Error {
  constructor(
    message: string,
    readonly code: 1 | 2 = 1,
  ) {
    super(message);
  }
}
