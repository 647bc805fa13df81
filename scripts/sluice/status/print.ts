import { printable } from '../../../lib/printable';
import type { Terminal } from '../../terminal/terminal';
import { wrapped } from '../../terminal/wrap';
import type { Check } from './check';

/** A line for each check, and below a failed one what to do next. */
export function printed(checks: readonly Check[], { paint, columns }: Pick<Terminal, 'paint' | 'columns'>): string {
  const width = Math.max(...checks.map(({ what }) => what.length));
  const indent = 8 + width + 2;
  const text = (words: string, at: number) => wrapped(printable(words), columns, at);
  const lines = checks.flatMap(({ ok, what, says, next }) => [
    `${ok ? paint('green', 'ok    ') : paint('red', 'NOT OK')}  ${what.padEnd(width)}  ${text(says, indent)}`,
    ...(next ? [`${' '.repeat(indent)}→ ${text(next, indent + 2)}`] : []),
  ]);
  const bad = checks.filter(({ ok }) => !ok).length;
  const end =
    bad === 0 ? 'All is well.' : `${bad} of ${checks.length} checks are not ok; begin with the first of them.`;
  return [...lines, '', end].join('\n');
}
