import { styleText } from 'node:util';

import { wrap } from '../terminal/wrap';

/** A terminal, or a pipe. */
type Out = Pick<Partial<NodeJS.WriteStream>, 'isTTY' | 'columns'> & { readonly write: (text: string) => unknown };

export type Line = { readonly at: number; readonly source: keyof typeof colours; readonly text: string };

export type Timeline = {
  readonly heading: (text: string) => void;
  readonly line: (line: Line) => void;
  /** Text without a time: an introduction, a table. */
  readonly text: (text: string) => void;
  /** Rewrites the last line of a terminal; in a pipe it does nothing. */
  readonly status: (text: string) => void;
  readonly inPlace: boolean;
};

const colours = { ecs: 'yellow', proxy: 'green', aws: 'magenta', ca: 'blue', load: 'cyan' } as const;

/** Where texts begin: after a time of 8 characters and a source of 6. */
const indent = ' '.repeat(17);

/** A log for people: what happened, when, and below it how the visitors fare. */
export function createTimeline(out: Out, startedAt: number, coloured: boolean): Timeline {
  const width = Math.min(out.columns ?? 100, 120);
  const paint = (colour: Parameters<typeof styleText>[0], text: string) =>
    coloured ? styleText(colour, text, { validateStream: false }) : text;
  let status = '';

  const above = (text: string) => {
    if (status === '') return out.write(`${text}\n`);
    return out.write(`\r\x1b[2K${text}\n${paint('dim', status)}`);
  };
  // Commands and rows of a table stand whole.
  const isWhole = (text: string) => text.length <= width || /^ {4}|\S {2,}\S/.test(text);
  const fit = (text: string) => {
    const margin = ' '.repeat(text.search(/\S/) + 2);
    return isWhole(text) ? text : margin.slice(2) + wrap(text, width - margin.length).join(`\n${margin}`);
  };

  return {
    line: ({ at, source, text }) => {
      const [first = '', ...rest] = wrap(text, width - indent.length);
      const head = `${time(at - startedAt)}  ${paint(colours[source], source.padEnd(6))} ${first}`;
      above([head, ...rest].join(`\n${indent}`));
    },
    text: (text) => above(text.split('\n').map(fit).join('\n')),
    heading: (text) => above(`\n${paint('bold', text)}`),
    inPlace: out.isTTY === true,
    status: (text) => {
      if (out.isTTY !== true) return;
      status = text === '' ? '' : `  ${text}`.slice(0, width - 1);
      out.write(`\r\x1b[2K${paint('dim', status)}`);
    },
  };
}

/** The first characters of a task's id are enough to tell tasks apart. */
export const short = (task: string): string => task.slice(0, 4);

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

const time = (ms: number): string => `${(ms / 1000).toFixed(1).padStart(7)}s`;
