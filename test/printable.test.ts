import fc from 'fast-check';

import { cut, printable, printableJson, quote } from '../lib/printable';

/** One of each class that acts on a terminal or a log, or is invisible. */
const hostile: Record<string, string> = {
  'a C0 control': '\u001b',
  'a line separator': '\u2028',
  'a paragraph separator': '\u2029',
  'a bidirectional override': '\u202e',
  'a Hangul filler': '\u3164',
  'a space that breaks nowhere': '\u00a0',
  'a lone surrogate': '\ud83d',
};

describe('foreign text', () => {
  it.each(Object.entries(hostile))('shows %s by its number', (_, character) => {
    const shown = `a\\u{${character.codePointAt(0)?.toString(16)}}b`;
    expect(printable(`a${character}b`)).toBe(shown);
    expect(quote(`a${character}b`)).toBe(`"${shown}"`);
    expect(JSON.parse(printableJson({ fault: `a${character}b` }))).toStrictEqual({ fault: shown });
  });

  it('stays readable: letters of any script, marks, plain spaces', () => {
    expect(quote('Größe 東京 שלום 🚢 "x" \\')).toBe('"Größe 東京 שלום 🚢 \\"x\\" \\\\"');
  });

  it('is cut off between characters, and escaped twice is escaped once', () => {
    const text = fc.string({ unit: 'binary', maxLength: 200 });

    fc.assert(
      fc.property(text, fc.nat(100), (any, length) => {
        for (const shown of [quote(any), printable(any), printable(cut(any, length))]) {
          expect(shown).not.toMatch(/\\u\{d[89a-f]..\}/);
          expect(shown).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
          expect(printable(shown)).toBe(shown);
        }
        expect(quote(any).length).toBeLessThan(100);
      }),
      { numRuns: 2_000 },
    );
  });
});
