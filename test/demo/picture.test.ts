import { picture } from '../../scripts/demo/picture';
import type { Visit } from '../../scripts/demo/visit';
import type { Moment } from '../../scripts/local/world';

const moment = (at: number, kind: Moment['kind'], task: string, revision = 1): Moment => ({
  ...{ at, kind, task, revision, service: 'hello-world', text: '' },
});
const visit = (start: number, rest: Partial<Visit>): Visit => ({
  ...{ id: `r${start}`, kind: 'kept', method: 'GET', start, end: start + 10, status: 200, ...rest },
});
const run = {
  moments: [
    moment(0, 'task-running', 'a'),
    moment(10_000, 'task-running', 'b', 2),
    moment(20_000, 'stop-ordered', 'a'),
    moment(25_000, 'task-stopped', 'a'),
    moment(40_000, 'task-died', 'b', 2),
    moment(41_000, 'task-stopped', 'b', 2),
  ],
  visits: [visit(5_000, { task: 'a' }), visit(21_000, { task: 'a' }), visit(50_000, { status: 503 })],
  facts: { empty: [], died: new Map(), began: new Map(), closed: new Map() },
  steps: [
    { name: 'start', from: 0 },
    { name: 'a <b> & "c"', from: 30_000 },
  ],
  ...{ reloads: [15_000], endedAt: 60_000, outcome: '3 requests: 1 failed.' },
};
const drawn = picture(run);
const lines = (sign: RegExp) => drawn.split('\n').filter((line) => sign.test(line));

it('draws a pale bar for each task by version, full from its first to its last request, and a cross where one was killed', () => {
  expect(lines(/^<rect class="v.*7" rx="2"\/>$/)).toStrictEqual([
    '<rect class="v0 p" x="14" y="156" width="405" height="7" rx="2"/>',
    '<rect class="v0" x="95" y="156" width="259.4" height="7" rx="2"/>',
    '<rect class="v1 p" x="176" y="166" width="486" height="7" rx="2"/>',
  ]);
  expect(lines(/class="x".*✕<\/text>$/)).toStrictEqual(['<text class="x" x="665" y="174">✕</text>']);
});

it('draws reloads, steps, and the requests of each second by their fate', () => {
  expect(lines(/^<path class="r"/)).toStrictEqual(['<path class="r" d="M257 152V180"/>']);
  expect(lines(/^<path class="g"/)).toHaveLength(2);
  expect(lines(/^<path class="[auf]"/)).toStrictEqual([
    '<path class="a" d="M95 248H111.2v-50H95zM354.2 248H370.4v-50H354.2z"/>',
    '<path class="u" d=""/>',
    '<path class="f" d="M824 248H840.2v-50H824z"/>',
  ]);
});

it('is a picture with words for a screen reader, in both colours, without a script', () => {
  expect(drawn).toMatch(
    /^<svg [^>]*role="img" aria-labelledby="t d">\n<title id="t">2 tasks come and go in 1 minutes<\/title>/,
  );
  expect(drawn).toContain('3 requests: 1 failed. The steps: start, a &#60;b&#62; &#38; &#34;c&#34;.</desc>');
  expect(drawn).toContain('@media(prefers-color-scheme:dark)');
  expect(drawn).not.toMatch(/<script|<b>|href|NaN/);
});
