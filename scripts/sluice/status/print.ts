import { printable } from '../../../lib/printable';
import type { Terminal } from '../../terminal/terminal';
import { wrapped } from '../../terminal/wrap';
import type { Check } from './check';

/** A line for each check, and below a failed one what to do next. */
export function printed(checks: readonly Check[], terminal: Pick<Terminal, 'paint' | 'columns'>): string {
  const bad = checks.filter(({ ok }) => !ok).length;
  const end =
    bad === 0 ? 'All is well.' : `${bad} of ${checks.length} checks are not ok; begin with the first of them.`;
  return [...linesOf(checks, terminal), '', end].join('\n');
}

/** A name that would leave too little room stands on a line of its own. */
export function linesOf(
  checks: readonly Check[],
  { paint, columns }: Pick<Terminal, 'paint' | 'columns'>,
): readonly string[] {
  const most = Math.floor(columns * 0.35);
  const width = Math.max(...checks.map(({ what }) => (what.length > most ? 0 : what.length)));
  const indent = 8 + width + 2;
  const text = (words: string, at: number) => wrapped(printable(words), columns, at);
  return checks.flatMap(({ ok, says, next, ...check }) => {
    const what = printable(check.what);
    const mark = ok ? paint('green', 'ok    ') : paint('red', 'NOT OK');
    const gap = what.length > width ? `\n${' '.repeat(indent)}` : '  ';
    return [
      `${mark}  ${what.padEnd(width)}${gap}${text(says, indent)}`,
      ...(next ? [`${' '.repeat(indent)}→ ${text(next, indent + 2)}`] : []),
    ];
  });
}
