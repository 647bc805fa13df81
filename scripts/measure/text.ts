import { table } from '../terminal/table';
import type { Goal, Outcome } from './outcome';

/** For the terminal. */
export function textOf({ title, setting, tables, goals, notRun }: Outcome): string {
  const parts = [
    `${title}\n${setting.join('\n')}`,
    ...tables.map(({ title: of, note, head, rows }) =>
      [of, note, '', table([head, ...rows], [], wordColumns(rows))].filter((line) => line !== undefined).join('\n'),
    ),
    ...(goals.length > 0 ? [table([goalHead, ...goals.map(goalRow)], [], [0, 1, 2, 3])] : []),
    ...(notRun.length > 0 ? [notRun.map((each) => `NOT RUN: ${each}`).join('\n')] : []),
  ];
  return parts.join('\n\n');
}

export const goalHead = ['goal', 'bound', 'found', ''] as const;
export const goalRow = ({ what, bound, found, verdict }: Goal): readonly string[] => [what, bound, found, verdict];

/** Columns that do not hold numbers alone stand on the left. */
export function wordColumns(rows: readonly (readonly string[])[]): readonly number[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const isNumber = (cell: string) => /^[−-]?[\d.,]+( ?(ms|s|µs|KB|MB|%|×|kB))?$/.test(cell) || cell === '';
  return Array.from({ length: columns }, (_, column) => column).filter(
    (column) => column === 0 || !rows.every((row) => isNumber(row[column] ?? '')),
  );
}
