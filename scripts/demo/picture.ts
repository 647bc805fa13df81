import type { Moment } from '../local/world';
import { wrap } from '../terminal/wrap';
import { answered, type Fate, fateOf } from './fate';
import type { PlayedStep, Seen } from './steps';

type Run = Seen & {
  readonly steps: readonly Pick<PlayedStep, 'name' | 'from'>[];
  /** When HAProxy was reloaded. */
  readonly reloads: readonly number[];
  readonly endedAt: number;
  /** In one sentence. */
  readonly outcome: string;
};
type Life = { readonly version: number; readonly from: number; until: number; isKilled: boolean };
type Bar = Life & { readonly asked?: readonly [first: number, last: number] };

const [width, margin, top, row, strip] = [1000, 14, 156, 10, 64];
const versions = ['#2563eb', '#059669', '#9333ea', '#c2410c', '#be185d', '#0e7490'];
const darkVersions = ['#60a5fa', '#34d399', '#c084fc', '#fb923c', '#f472b6', '#22d3ee'];

/** Readers who prefer dark get the same picture in other colours, also where a page shows it as an image. */
const style = `text{font:12px system-ui,sans-serif;fill:#374151}.h{font-size:17px;font-weight:600;fill:#111827}.g{stroke:#d1d5db}
.p{opacity:.28}.r{stroke:#b45309;stroke-dasharray:4 3}.x{fill:#dc2626;font-weight:700}.a{fill:#9ca3af}.u{fill:#d97706}.f{fill:#dc2626}.b{fill:#fff}
${versions.map((colour, n) => `.v${n}{fill:${colour}}`).join('')}
@media(prefers-color-scheme:dark){text{fill:#d1d5db}.h{fill:#f9fafb}.g{stroke:#374151}.p{opacity:.4}.r{stroke:#fbbf24}.x,.f{fill:#f87171}.a{fill:#6b7280}.u{fill:#fbbf24}.b{fill:#0d1117}
${darkVersions.map((colour, n) => `.v${n}{fill:${colour}}`).join('')}}`;

/** Draws a run as SVG: one bar a task, the steps above, the requests below. */
export function picture({ moments, visits, facts, steps, reloads, endedAt, outcome }: Run): string {
  const start = steps[0]?.from ?? endedAt;
  const scale = (width - 2 * margin) / Math.max(1, endedAt - start);
  const x = (at: number): number => round(margin + (Math.min(Math.max(at, start), endedAt) - start) * scale);
  const bars = barsOf(moments, visits, endedAt);
  const [foot, total] = [top + bars.length * row + 8, top + bars.length * row + strip + 72];
  const title = `${bars.length} tasks come and go in ${Math.round((endedAt - start) / 6_000) / 10} minutes`;
  const words = `${title}. ${outcome} The steps: ${steps.map(({ name }) => name).join(', ')}.`;
  const from = `${margin}" y="`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${total}" role="img" aria-labelledby="t d">`,
    `<title id="t">${escaped(title)}</title><desc id="d">${escaped(words)}</desc><style>${style}</style>`,
    `<rect class="b" width="${width}" height="${total}"/><text class="h" x="${from}24">${escaped(title)}</text>`,
    ...wrap(outcome, 130).map((line, index) => `<text x="${from}${44 + index * 16}">${escaped(line)}</text>`),
    ...steps.map(({ name, from }) => stepLine(x(from), foot + strip, name)),
    ...bars.flatMap((bar, index) => barLines(bar, top + index * row, x)),
    ...reloads.map((at) => `<path class="r" d="M${x(at)} ${top - 4}V${foot - 4}"/>`),
    ...stripLines(secondsOf(visits, facts), foot + strip, x),
    ...ticks(start, endedAt).map(
      (at) => `<text x="${x(at)}" y="${foot + strip + 16}">${Math.round((at - start) / 1000)} s</text>`,
    ),
    legend(total - 14, reloads.length),
    '</svg>\n',
  ].join('\n');
}

const stepLine = (x: number, bottom: number, name: string): string =>
  `<path class="g" d="M${x} ${top - 4}V${bottom}"/>` +
  `<text transform="translate(${x + 3} ${top - 8}) rotate(-32)">${escaped(name)}</text>`;

/** Pale while it runs, full from its first to its last request. */
function barLines({ version, from, until, isKilled, asked }: Bar, y: number, x: (at: number) => number) {
  const bar = (a: number, b: number, pale: string) =>
    `<rect class="v${(version - 1) % versions.length}${pale}" x="${a}" y="${y}" width="${round(Math.max(b - a, 1))}" height="7" rx="2"/>`;
  return [
    bar(x(from), x(until), ' p'),
    ...(asked ? [bar(x(asked[0]), x(asked[1]), '')] : []),
    ...(isKilled ? [`<text class="x" x="${x(until) + 3}" y="${y + 8}">✕</text>`] : []),
  ];
}

/** The tasks that ran, in the order of their start. */
function barsOf(moments: readonly Moment[], visits: Run['visits'], endedAt: number): readonly Bar[] {
  const lives = new Map<string, Life>();
  for (const { kind, task = '', at, revision: version = 1 } of moments) {
    if (kind === 'task-running') lives.set(task, { version, from: at, until: endedAt, isKilled: false });
    const life = lives.get(task);
    if (life === undefined || life.until !== endedAt) continue;
    if (kind === 'task-died') Object.assign(life, { until: at, isKilled: true });
    if (kind === 'task-stopped') life.until = at;
  }
  const asked = new Map<string, readonly [number, number]>();
  for (const { task, start, end } of visits.filter(answered)) {
    if (task === undefined) continue;
    const [first, last] = asked.get(task) ?? [start, end];
    asked.set(task, [Math.min(first, start), Math.max(last, end)]);
  }
  return [...lives].map(([task, life]) => {
    const span = asked.get(task);
    return { ...life, ...(span && { asked: span }) };
  });
}

/** How many requests ended in each second, by fate. */
function secondsOf(visits: Run['visits'], facts: Run['facts']): ReadonlyMap<number, Readonly<Record<Fate, number>>> {
  const seconds = new Map<number, Record<Fate, number>>();
  for (const visit of visits) {
    const second = Math.floor(visit.end / 1000) * 1000;
    const counts = seconds.get(second) ?? { served: 0, expected503: 0, lostWithTask: 0, failed: 0 };
    counts[fateOf(visit, facts)] += 1;
    seconds.set(second, counts);
  }
  return seconds;
}

/** Stacked columns; one lost request is still seen. */
function stripLines(seconds: ReturnType<typeof secondsOf>, bottom: number, x: (at: number) => number) {
  const totals = [...seconds.values()].map((counts) => counts.served + counts.expected503 + bad(counts));
  const most = Math.max(1, ...totals);
  const high = (count: number) => (count === 0 ? 0 : Math.max(3, round((count / most) * (strip - 14))));
  const column = (at: number, y: number, height: number) =>
    height === 0 ? '' : `M${x(at)} ${round(y)}H${x(at + 1000)}v-${height}H${x(at)}z`;
  const [served, unavailable, lost] = [[] as string[], [] as string[], [] as string[]];
  for (const [at, counts] of [...seconds].sort(([a], [b]) => a - b)) {
    const heights = [high(counts.served), high(counts.expected503), high(bad(counts))] as const;
    served.push(column(at, bottom, heights[0]));
    unavailable.push(column(at, bottom - heights[0], heights[1]));
    lost.push(column(at, bottom - heights[0] - heights[1], heights[2]));
  }
  const path = (name: string, columns: readonly string[]) => `<path class="${name}" d="${columns.join('')}"/>`;
  return [path('a', served), path('u', unavailable), path('f', lost)];
}

const bad = ({ lostWithTask, failed }: Readonly<Record<Fate, number>>): number => lostWithTask + failed;

const ticks = (start: number, end: number): readonly number[] =>
  Array.from({ length: Math.max(1, Math.ceil((end - start - 10_000) / 30_000)) }, (_, n) => start + n * 30_000);

const legend = (y: number, reloads: number): string => {
  const box = (x: number, name: string, text: string) =>
    `<rect class="${name}" x="${x}" y="${y - 9}" width="16" height="9" rx="2"/><text x="${x + 21}" y="${y}">${text}</text>`;
  return [
    box(margin, 'v0 p', 'runs, no requests'),
    box(162, 'v0', 'gets requests, by version'),
    `<text class="x" x="358" y="${y}">✕</text><text x="373" y="${y}">killed</text>`,
    `<path class="r" d="M428 ${y - 12}V${y + 3}"/><text x="436" y="${y}">HAProxy reloads (${reloads})</text>`,
    box(582, 'a', 'requests a second'),
    box(732, 'u', '503, no task'),
    box(858, 'f', 'lost or failed'),
  ].join('');
};

const round = (value: number): number => Math.round(value * 10) / 10;

const escaped = (text: string): string => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
