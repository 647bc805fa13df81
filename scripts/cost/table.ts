/**
 * Aligned columns, two spaces apart, with a rule below the titles and above the last rows. Numbers stand to the right;
 * `left` names the columns of words.
 */
export function table(
  rows: readonly (readonly string[])[],
  ends: readonly (readonly string[])[],
  left: readonly number[],
): string {
  const all = [...rows, ...ends];
  const columns = Math.max(...all.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...all.map((row) => (row[column] ?? '').length)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) =>
        left.includes(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  const rule = '-'.repeat(widths.reduce((sum, width) => sum + width + 2, -2));
  const [titles = [], ...body] = rows;
  return [line(titles), rule, ...body.map(line), ...(ends.length > 0 ? [rule] : []), ...ends.map(line)].join('\n');
}
