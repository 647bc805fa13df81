import { styleText } from 'node:util';

import type { Line } from './follow';

/** Where the timeline is written: a terminal, or a pipe. */
export type Out = {
  readonly write: (text: string) => unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
};

export type Timeline = {
  readonly heading: (text: string) => void;
  readonly line: (line: Line) => void;
  /** Text without a time: an introduction, a table. */
  readonly text: (text: string) => void;
  /** Rewrites one line below all others. Only a terminal can, so in a pipe this does nothing. */
  readonly status: (text: string) => void;
  readonly inPlace: boolean;
};

type Colour = Parameters<typeof styleText>[0];

const colours: Record<Line['source'], Colour> = {
  ecs: 'yellow',
  proxy: 'green',
  aws: 'magenta',
  ca: 'blue',
  load: 'cyan',
};

/** A log that a person can follow: what happened, when, and below it how the visitors fare. */
export function createTimeline(out: Out, startedAt: number, coloured: boolean): Timeline {
  const width = Math.min(out.columns ?? 100, 120);
  const paint = (colour: Colour, text: string) =>
    coloured ? styleText(colour, text, { validateStream: false }) : text;
  let status = '';

  const above = (text: string) => {
    if (status === '') return out.write(`${text}\n`);
    return out.write(`\r\x1b[2K${text}\n${paint('dim', status)}`);
  };
  const line = ({ at, source, text }: Line) => {
    const [first = '', ...rest] = wrap(text, width - indent.length);
    above(
      [`${time(at - startedAt)}  ${paint(colours[source], source.padEnd(6))} ${first}`, ...rest].join(`\n${indent}`),
    );
  };

  const fit = (text: string) => (text.length > width ? wrap(text, width - 2).join('\n  ') : text);

  return {
    line,
    text: (text) => above(text.split('\n').map(fit).join('\n')),
    heading: (text) => above(`\n${paint('bold', text)}`),
    inPlace: out.isTTY === true,
    status: (text) => {
      if (out.isTTY !== true) return;
      status = text === '' ? '' : `${indent}${text}`.slice(0, width - 1);
      out.write(`\r\x1b[2K${paint('dim', status)}`);
    },
  };
}

/** The column where texts begin: after a time of 8 characters and a source of 6. */
const indent = ' '.repeat(17);

const time = (ms: number): string => `${(ms / 1000).toFixed(1).padStart(7)}s`;

/** Breaks a text between words. */
export function wrap(text: string, width: number): readonly string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? '';
    if (last === '') lines[lines.length - 1] = word;
    else if (last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
