/**
 * Aligns cells in columns, with a rule below the titles and above the last rows. Numbers stand on the right; `left` lists the columns
 * of words.
 */
export function table(
  rows: readonly (readonly string[])[],
  ends: readonly (readonly string[])[],
  left: readonly number[],
): string {
  const all = [...rows, ...ends];
  const widths = Array.from({ length: Math.max(...all.map((row) => row.length)) }, (_, column) =>
    Math.max(...all.map((row) => row[column]?.length ?? 0)),
  );
  const aligned = (cell: string, column: number) =>
    left.includes(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  const line = (row: readonly string[]) => row.map(aligned).join('  ').trimEnd();
  const rule = '-'.repeat(widths.reduce((sum, width) => sum + width + 2, -2));
  const [titles = [], ...body] = rows;
  return [line(titles), rule, ...body.map(line), ...(ends.length > 0 ? [rule] : []), ...ends.map(line)].join('\n');
}
