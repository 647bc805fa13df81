import { byId, keep, make, number, setText } from './dom.js';
import uPlot from './uPlot.js';

const shownSeconds = 60;
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name);
const series = [
  { name: 'answered', key: 'answered', stroke: '--answered', width: 2 },
  { name: '503', key: 'unavailable', stroke: '--unavailable', width: 2, dash: [6, 4] },
  { name: 'lost or failed', key: 'lost', stroke: '--failed', width: 3, dash: [2, 3] },
];

let points = [];
let marks = [];
let plot;

/** Adds what is new, and draws the last minute. */
export function drawChart(load, newPoints, newMarks) {
  const last = points.at(-1)?.[0] ?? 0;
  points = [...points, ...newPoints.filter(([at]) => at > last)].slice(-shownSeconds);
  const lastMark = marks.at(-1)?.at ?? 0;
  marks = [...marks, ...newMarks.filter(({ at }) => at > lastMark)].slice(-shownSeconds);
  keep(
    byId('legend'),
    series,
    ({ key }) => key,
    ({ key }) => make('li', key),
    (item, { name, key }) => setText(item, `${name} ${number(load[key])}`),
  );
  if (newPoints.length === 0 && plot) return;
  plot ??= start();
  plot.setData([0, 1, 2, 3].map((column) => points.map((point, index) => shown(point[column], column, index))));
  describe();
}

/** A line along zero would hide the other one there. */
const shown = (value, column, index) =>
  column < 2 || [-1, 0, 1].some((by) => points[index + by]?.[column] > 0) ? value : null;

/** The stored points and marks belong to another run. */
export function clearChart() {
  points = [];
  marks = [];
}

function start() {
  const box = byId('chart');
  const size = () => ({ width: box.clientWidth, height: box.clientHeight });
  const made = new uPlot(
    {
      ...size(),
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { range: range }, y: { range: (_, __, most) => [0, Math.max(10, most * 1.45)] } },
      axes: [
        axis({ size: 28, splits: () => ages.map((each) => latest() - each), values: () => ages.map(ago) }),
        axis({ size: 45 }),
      ],
      series: [{}, ...series.map((each) => ({ ...each, stroke: () => colour(each.stroke), points: { show: false } }))],
      hooks: { draw: [drawMarks] },
    },
    [[], [], [], []],
    box,
  );
  new ResizeObserver(() => made.setSize(size())).observe(box);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => made.redraw());
  return made;
}

const axis = (more) => ({
  stroke: () => colour('--quiet'),
  grid: { stroke: () => colour('--line'), width: 1 },
  ticks: { show: false },
  font: '12px system-ui',
  ...more,
});

const latest = () => points.at(-1)?.[0] ?? 0;
const range = () => [latest() - shownSeconds + 1, latest()];
const ages = [50, 40, 30, 20, 10, 0];
const ago = (seconds) => (seconds === 0 ? 'now' : `−${seconds} s`);

/** A dashed line for each moment, then the names, on four levels so that neighbours do not cover each other. */
function drawMarks({ ctx, bbox, valToPos }) {
  const ratio = devicePixelRatio;
  const end = bbox.left + bbox.width;
  const seen = marks.map(({ at, text }) => ({ text, x: valToPos.call(plot, at / 1000, 'x', true) }));
  const shownMarks = seen.filter(({ x }) => x >= bbox.left && x <= end);
  ctx.save();
  ctx.font = `${11 * ratio}px system-ui`;
  ctx.textAlign = 'left';
  ctx.strokeStyle = colour('--quiet');
  ctx.lineWidth = ratio;
  ctx.setLineDash([3 * ratio, 3 * ratio]);
  for (const { x } of shownMarks) {
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  const ends = [0, 0, 0, 0];
  for (const { text, x } of shownMarks) {
    const wide = ctx.measureText(text).width + 8 * ratio;
    const left = Math.min(x, end - wide);
    const level = ends.findIndex((each) => each <= left);
    if (level < 0) continue;
    ends[level] = left + wide;
    const top = bbox.top + (11 + level * 13) * ratio;
    ctx.fillStyle = colour('--card');
    ctx.fillRect(left + 2 * ratio, top - 10 * ratio, wide - 4 * ratio, 12 * ratio);
    ctx.fillStyle = colour('--text');
    ctx.fillText(text, left + 4 * ratio, top);
  }
  ctx.restore();
}

/** What a person who cannot see the chart learns from it; not announced each time. */
function describe() {
  if (points.length === 0) return setText(byId('chart-text'), 'No request has ended yet.');
  const [rates, unavailable, lost] = [1, 2, 3].map((column) => points.map((point) => point[column]));
  const sum = (values) => number(values.reduce((a, b) => a + b, 0));
  const answered = `between ${Math.min(...rates)} and ${Math.max(...rates)} answered a second`;
  setText(
    byId('chart-text'),
    `In these ${points.length} seconds: ${answered}, ${sum(unavailable)} with 503, ${sum(lost)} lost or failed.`,
  );
}
