/**
 * Breaks a text into lines of at most so many columns, between words only: a longer word stands alone, and what stands in backticks is one
 * word, so that a command can be copied.
 */
export function wrap(text: string, columns: number): readonly string[] {
  const lines = [''];
  for (const word of text.match(/[^\s`]*`[^`]*`\S*|\S+/g) ?? []) {
    const last = lines.at(-1) ?? '';
    if (last === '') lines[lines.length - 1] = word;
    else if (last.length + 1 + word.length <= columns) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** As `wrap`, with each further line indented. */
export const wrapped = (text: string, columns: number, indent: number): string =>
  wrap(text, Math.max(columns - indent, 20)).join(`\n${' '.repeat(indent)}`);

/** Wraps each line that is too long; its further lines have its own indentation and two more. */
export const wrappedLines = (text: string, columns: number): string =>
  text
    .split('\n')
    .map((line) => {
      const indent = /^ */.exec(line)?.[0] ?? '';
      return line.length <= columns ? line : indent + wrapped(line, columns, indent.length + 2);
    })
    .join('\n');
