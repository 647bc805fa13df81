import type { Chart } from './outcome';

const [width, left, right, top, row] = [760, 250, 90, 40, 24];

/** Readers who prefer dark get the same chart in other colours, also where a page shows it as an image. */
const style = `text{font:12px system-ui,sans-serif;fill:#374151}.h{font-size:14px;font-weight:600;fill:#111827}.b{fill:#fff}.o{fill:#2563eb}.p{fill:#9ca3af}.s{stroke:#111827;stroke-width:1.5}
@media(prefers-color-scheme:dark){text{fill:#d1d5db}.h{fill:#f9fafb}.b{fill:#0d1117}.o{fill:#60a5fa}.p{fill:#6b7280}.s{stroke:#f9fafb}}`;

/** Draws the chart as SVG: a bar is a median, the line on it goes from the first quartile to the third. */
export function chartOf({ title, unit, bars }: Chart): string {
  const height = top + bars.length * row + 12;
  const most = Math.max(...bars.map(({ spread }) => spread.quartiles[1]), Number.EPSILON);
  const x = (value: number): number => Math.round((left + (value / most) * (width - left - right)) * 10) / 10;
  const words = bars.map(({ label, spread }) => `${label}: ${figure(spread.median)} ${unit}`).join('; ');
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="t d">`,
    `<title id="t">${escaped(title)}</title><desc id="d">${escaped(words)}</desc><style>${style}</style>`,
    `<rect class="b" width="${width}" height="${height}"/>`,
    `<text class="h" x="10" y="24">${escaped(`${title}, in ${unit}`)}</text>`,
    ...bars.flatMap(({ label, spread, isOurs = false }, index) => {
      const y = top + index * row;
      const [from, to] = spread.quartiles.map(x);
      return [
        `<text x="${left - 8}" y="${y + 14}" text-anchor="end">${escaped(label)}</text>`,
        `<rect class="${isOurs ? 'o' : 'p'}" x="${left}" y="${y + 2}" width="${Math.max(1, x(spread.median) - left)}" height="${row - 8}"/>`,
        `<path class="s" d="M${from} ${y + 10}H${to}"/>`,
        `<text x="${Math.max(x(spread.median), to ?? 0) + 6}" y="${y + 14}">${figure(spread.median)}</text>`,
      ];
    }),
    '</svg>\n',
  ].join('\n');
}

const figure = (value: number): string =>
  value.toLocaleString('en-GB', { maximumFractionDigits: value < 10 ? 2 : value < 100 ? 1 : 0 });

const escaped = (text: string): string => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
