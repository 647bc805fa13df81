/** Characters that a terminal or a log acts on, or that are invisible (Unicode 15, section 4.5 and 5.21). */
const unsafe = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|(?! )\p{Zs}/gu;

/** Writes each unsafe character as `\u{…}`, so that foreign text can stand in a log or on a terminal. Safe to repeat. */
export const printable = (text: string): string =>
  text.replace(unsafe, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);

/** Puts foreign text into a sentence: in quotation marks, on one line, cut off where it is long. */
export function quote(text: string): string {
  let shown = '';
  for (const character of text) {
    if (shown.length >= longest) return `"${shown}…"`;
    shown += /["\\]/.test(character) ? `\\${character}` : printable(character);
  }
  return `"${shown}"`;
}

const longest = 80;

/** Does not cut a character in two. */
export const cut = (text: string, length: number): string => text.slice(0, length).replace(/[\uD800-\uDBFF]$/, '');

export const printableJson = (value: unknown, space?: number): string =>
  JSON.stringify(value, (_, each: unknown) => (typeof each === 'string' ? printable(each) : each), space);
