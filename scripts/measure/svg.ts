export const width = 760;

/** Readers who prefer dark get the same chart in other colours, also where a page shows it as an image. */
const style = `text{font:12px system-ui,sans-serif;fill:#374151}.h{font-size:14px;font-weight:600;fill:#111827}.b{fill:#fff}.o{fill:#2563eb}.p{fill:#9ca3af}.s{stroke:#111827;stroke-width:1.5}
@media(prefers-color-scheme:dark){text{fill:#d1d5db}.h{fill:#f9fafb}.b{fill:#0d1117}.o{fill:#60a5fa}.p{fill:#6b7280}.s{stroke:#f9fafb}}`;

type Page = {
  readonly title: string;
  /** What a screen reader reads. */
  readonly words: string;
  readonly height: number;
  readonly parts: readonly string[];
  /** Beside what every chart has. */
  readonly styles?: string;
};

/** A chart as a file of its own, under its title. */
export const pageOf = ({ title, words, height, parts, styles = '' }: Page): string =>
  [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="t d">`,
    `<title id="t">${escaped(title)}</title><desc id="d">${escaped(words)}</desc><style>${style}${styles}</style>`,
    `<rect class="b" width="${width}" height="${height}"/>`,
    ...parts,
    '</svg>\n',
  ].join('\n');

export const heading = (title: string, unit: string): string =>
  `<text class="h" x="10" y="24">${escaped(`${title}, in ${unit}`)}</text>`;

export const figure = (value: number): string =>
  value.toLocaleString('en-GB', { maximumFractionDigits: value < 10 ? 2 : value < 100 ? 1 : 0 });

export const escaped = (text: string): string => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
