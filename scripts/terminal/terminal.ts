import { styleText } from 'node:util';

import { wrappedLines } from './wrap';

type Style = Parameters<typeof styleText>[0];
type Out = Pick<Partial<NodeJS.WriteStream>, 'isTTY' | 'columns'> & { readonly write: (text: string) => unknown };

/** Where a command prints. */
export type Terminal = {
  /** The result, on standard output. */
  readonly say: (text: string) => void;
  /** Faults, hints and progress, on standard error; a pipe gets each sentence as one line. */
  readonly complain: (text: string) => void;
  /** Rewrites one line of a terminal; '' removes it. In a pipe it prints nothing. */
  readonly progress: (text: string) => void;
  /** Whether there is such a line. */
  readonly hasStatusLine: boolean;
  /** Clears the screen, for what is drawn anew. In a pipe it prints nothing. */
  readonly clear: () => void;
  readonly paint: (style: Style, text: string) => string;
  readonly columns: number;
  /** Whether a person can answer questions. */
  readonly isInteractive: boolean;
};

/** 100 columns in a pipe; a line of more than 120 is hard to read. */
const columnsOf = ({ columns = 100 }: Out): number => Math.max(40, Math.min(columns, 120));

export function terminalOf(out: Out, err: Out, isColoured: boolean, canAsk = false): Terminal {
  let status = '';
  const above = (stream: Out, text: string) => {
    if (status !== '') err.write('\r\u001b[2K');
    stream.write(`${text}\n`);
    if (status !== '') err.write(status);
  };
  return {
    say: (text) => above(out, text),
    complain: (text) => above(err, err.isTTY === true ? wrappedLines(text, columnsOf(err)) : text),
    progress: (text) => {
      if (err.isTTY !== true) return;
      status = text.slice(0, columnsOf(err) - 1);
      err.write(`\r\u001b[2K${status}`);
    },
    hasStatusLine: err.isTTY === true,
    clear: () => {
      if (out.isTTY === true) out.write('\u001b[H\u001b[2J\u001b[3J');
    },
    paint: (style, text) => (isColoured ? styleText(style, text, { validateStream: false }) : text),
    get columns() {
      return columnsOf(out);
    },
    isInteractive: canAsk,
  };
}

/** The process's own; NO_COLOR switches colours off (no-color.org). */
export const ownTerminal = (): Terminal => {
  const { stdin, stdout, stderr } = process;
  const isTerminal = stdout.isTTY === true;
  return terminalOf(stdout, stderr, isTerminal && !process.env.NO_COLOR, isTerminal && stdin.isTTY === true);
};
