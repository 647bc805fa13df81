import type { Table } from '../../measure/outcome';
import type { Spread } from '../../measure/spread';
import type { Variant } from './variants';

/** What one line costs, in shares of a request through the reference: 0.02 is 2 %. */
export type Line = Pick<Variant, 'section' | 'text' | 'more'> & { readonly cost: Spread };
export type Lines = {
  /** Sluice's whole configuration to the reference. */
  readonly whole: Spread;
  /** Half of the differences between two runs of the same configuration are smaller, in shares of a request. */
  readonly noise: number;
  readonly lines: readonly Line[];
  /** Without these HAProxy refuses the configuration, or no longer passes requests on. */
  readonly needed: readonly string[];
};

const worthNaming = 0.02;

/** Lines that cost more than 2 % of a request through the reference, then the others together. */
export function linesTable({ whole, noise, lines, needed }: Lines): Table {
  const sorted = [...lines].sort((a, b) => b.cost.median - a.cost.median);
  const isDear = ({ cost, more }: Line) => cost.median > worthNaming && (more > 0 || cost.quartiles[0] > noise);
  const dear = sorted.filter(isDear);
  const cheap = sorted.filter((line) => !isDear(line) && line.more > 0);
  const hidden = sorted.filter((line) => !isDear(line) && line.more < 0);
  const row = ({ text, more, cost }: Line) => [
    percent(cost.median),
    cost.quartiles.map(percent).join(' to '),
    more > 0 ? `${more} × more` : 'left out',
    text.length > 90 ? `${text.slice(0, 89)}…` : text,
  ];
  const sum = (some: readonly Line[]) => some.reduce((total, { cost }) => total + cost.median, 0);
  const ends = [
    [percent(sum(cheap)), '', '', `${cheap.length} lines of at most ${worthNaming * 100} % each`],
    [
      percent(whole.median - 1 - sum([...dear, ...cheap])),
      '',
      '',
      'all else: choice of the backend, servers, limits, and what these lines share',
    ],
    [percent(whole.median - 1), whole.quartiles.map((each) => percent(each - 1)).join(' to '), '', 'all of Sluice'],
  ];
  const notes = [
    ...(hidden.length > 0
      ? [`Left out, these cost at most 2 %, or what the noise hides: ${hidden.map(({ text }) => text).join('; ')}.`]
      : []),
    `Noise of a line that was left out: ±${percent(noise)}; of one that was repeated: a twentieth of that.`,
    ...(needed.length > 0 ? [`HAProxy passes no request on without: ${needed.join('; ')}`] : []),
  ];
  return {
    title: 'Lines, in % of a request through the reference',
    note: notes.join(' '),
    head: ['cost', 'half of the rounds', 'measured', 'line'],
    rows: [...dear.map(row), ...ends],
  };
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
