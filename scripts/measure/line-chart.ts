import type { LineChart } from './outcome';
import { escaped, figure, heading, pageOf, width } from './svg';

const [left, right, top, plot] = [60, 150, 44, 180];
const colours = ['#2563eb', '#d97706', '#059669', '#9ca3af'];
const styles = `.g{stroke:#d1d5db}.m{stroke:#9ca3af;stroke-dasharray:3 3}path.l{fill:none;stroke-width:1.5}`;

type Scale = { readonly x: (seconds: number) => number; readonly y: (value: number) => number };

/** Lines over seconds, with their names at their ends; what happened stands as dashed lines behind them. */
export function linesOf({ title, unit, lines, marks }: LineChart): string {
  const all = lines.flatMap(({ points }) => points);
  const [last, most] = [0, 1].map((part) => Math.max(...all.map((point) => point[part] ?? 0), 1)) as [number, number];
  const rounded = (value: number) => Math.round(value * 10) / 10;
  const scale: Scale = {
    x: (seconds) => rounded(left + (seconds / last) * (width - left - right)),
    y: (value) => rounded(top + plot - (value / most) * plot),
  };
  const ends = lines.map(({ label, points }) => `${label}: ${figure(points.at(-1)?.[1] ?? 0)} ${unit} at the end`);
  const parts = [
    heading(title, unit),
    ...grid(scale, most, last),
    ...marks.at.map((at) => `<path class="m" d="M${scale.x(at)} ${top}V${top + plot}"/>`),
    ...lines.flatMap((line, index) => drawn(line, index, scale)),
    `<text x="${left}" y="${top + plot + 40}">${escaped(`Seconds from the beginning; dashed: ${marks.label} (${marks.at.length}).`)}</text>`,
  ];
  return pageOf({ title, words: ends.join('; '), height: top + plot + 52, parts, styles });
}

function grid({ x, y }: Scale, most: number, last: number): readonly string[] {
  const shares = [0, 0.5, 1];
  return [
    ...shares.flatMap((share) => [
      `<path class="g" d="M${left} ${y(share * most)}H${width - right}"/>`,
      `<text x="${left - 6}" y="${y(share * most) + 4}" text-anchor="end">${figure(share * most)}</text>`,
    ]),
    ...shares.map(
      (share) =>
        `<text x="${x(share * last)}" y="${top + plot + 18}" text-anchor="middle">${figure(Math.round(share * last))}</text>`,
    ),
  ];
}

function drawn({ label, points }: LineChart['lines'][number], index: number, { x, y }: Scale): readonly string[] {
  const colour = colours[index % colours.length];
  const path = points.map(([seconds, value]) => `${x(seconds)} ${y(value)}`).join('L');
  return [
    `<path class="l" stroke="${colour}" d="M${path}"/>`,
    `<text x="${width - right + 6}" y="${top + 14 + index * 18}" style="fill:${colour}">${escaped(label)}</text>`,
  ];
}
