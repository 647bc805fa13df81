import type { Outcome } from '../measure/outcome';
import type { Processes } from '../real/processes';

export type Deps = {
  readonly processes: Processes;
  /** Rewrites one line of a terminal. */
  readonly progress: (text: string) => void;
};

/** Options by their names in camel case. */
export type Given = { readonly [option: string]: unknown };

/** `--rounds <n>` is a number; a flag without `<…>` is a switch. */
export type Option = {
  readonly flags: string;
  readonly says: string;
  readonly standard?: number;
  /** With `--short`: only enough to see that the bench works. */
  readonly short?: number;
};

export type Bench = {
  readonly summary: string;
  readonly options: readonly Option[];
  /** Loaded when the bench runs. @throws when it could not measure */
  readonly load: () => Promise<{ readonly run: (given: Given, deps: Deps) => Promise<Outcome> }>;
};
