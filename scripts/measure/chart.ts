import { linesOf } from './line-chart';
import type { BarChart, Chart } from './outcome';
import { escaped, figure, heading, pageOf, width } from './svg';

const [left, right, top, row] = [250, 90, 40, 24];

/** Draws the chart as SVG. */
export const chartOf = (chart: Chart): string => ('bars' in chart ? barsOf(chart) : linesOf(chart));

/** A bar is a median, the line on it goes from the first quartile to the third. */
function barsOf({ title, unit, bars }: BarChart): string {
  const most = Math.max(...bars.map(({ spread }) => spread.quartiles[1]), Number.EPSILON);
  const x = (value: number): number => Math.round((left + (value / most) * (width - left - right)) * 10) / 10;
  const parts = bars.flatMap(({ label, spread, isOurs = false }, index) => {
    const y = top + index * row;
    const [from, to] = spread.quartiles.map(x);
    return [
      `<text x="${left - 8}" y="${y + 14}" text-anchor="end">${escaped(label)}</text>`,
      `<rect class="${isOurs ? 'o' : 'p'}" x="${left}" y="${y + 2}" width="${Math.max(1, x(spread.median) - left)}" height="${row - 8}"/>`,
      `<path class="s" d="M${from} ${y + 10}H${to}"/>`,
      `<text x="${Math.max(x(spread.median), to ?? 0) + 6}" y="${y + 14}">${figure(spread.median)}</text>`,
    ];
  });
  const words = bars.map(({ label, spread }) => `${label}: ${figure(spread.median)} ${unit}`).join('; ');
  return pageOf({ title, words, height: top + bars.length * row + 12, parts: [heading(title, unit), ...parts] });
}
