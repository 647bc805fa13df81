import { printable } from '../../lib/printable';
import type { Check } from './check';

const colours = { red: 31, green: 32 };

/** A line for each check, and below a failed one what to do next. */
export function printed(checks: readonly Check[], coloured: boolean): string {
  const paint = (colour: keyof typeof colours, text: string) =>
    coloured ? `\u001b[${colours[colour]}m${text}\u001b[0m` : text;
  const width = Math.max(...checks.map(({ what }) => what.length));
  const lines = checks.flatMap(({ ok, what, says, next }) => [
    `${ok ? paint('green', 'ok    ') : paint('red', 'NOT OK')}  ${what.padEnd(width)}  ${printable(says)}`,
    ...(next ? [`${' '.repeat(8)}${' '.repeat(width)}  → ${printable(next)}`] : []),
  ]);
  const bad = checks.filter(({ ok }) => !ok).length;
  const end =
    bad === 0 ? 'All is well.' : `${bad} of ${checks.length} checks are not ok; begin with the first of them.`;
  return [...lines, '', end, ''].join('\n');
}
