import { drawActs } from './acts.js';
import { clearChart, drawChart } from './chart.js';
import { byId, keep, make, setText } from './dom.js';
import { drawFleet } from './fleet.js';

const mostLines = 60;
let token = '';
let lines = [];
const known = { step: '', faults: [] };

const events = new EventSource('/events');
events.addEventListener('snapshot', ({ data }) => {
  const whole = JSON.parse(data);
  token = whole.token;
  lines = [];
  clearChart();
  draw(whole);
});
events.addEventListener('change', ({ data }) => draw(JSON.parse(data)));
events.addEventListener('open', () => byId('lost').toggleAttribute('hidden', true));
events.addEventListener('error', () => byId('lost').toggleAttribute('hidden', false));

function draw(state) {
  drawStory(state);
  drawFleet(state);
  drawFaults(state.faults);
  drawChart(state.load, state.points, state.marks);
  drawActs(state.acts, () => token, say);
  drawLines(state.lines);
}

/** Told to screen readers: steps, faults and what a button did; never the numbers. */
function say(text) {
  setText(byId('news'), text);
}

function drawStory({ story, outcome }) {
  if (!story) return;
  const text = outcome
    ? `The story is over. ${outcome}`
    : `Step ${story.step} of ${story.of}: ${story.name}, ${left(story)}`;
  const done = outcome ? 1 : (story.step - 1) / story.of;
  byId('progress').value = done;
  setText(byId('step'), text);
  const step = outcome ? text : `Step ${story.step} of ${story.of}: ${story.name}`;
  if (step !== known.step) say(step);
  known.step = step;
}

function left({ at, secondsLeft }) {
  const seconds = secondsLeft - Math.min((Date.now() - at) / 1000, secondsLeft);
  if (seconds >= 90) return `about ${Math.round(seconds / 60)} minutes left`;
  return seconds >= 45 ? 'about a minute left' : 'less than a minute left';
}

function drawFaults(faults) {
  const box = byId('faults');
  if (faults.join() === known.faults.join() && box.children.length > 0) return;
  const list = make('ul');
  list.append(...faults.map((fault) => make('li', '', fault)));
  const title = make(
    'h3',
    '',
    faults.length === 0 ? 'Sluice reports no fault.' : 'Faults, in the words that Sluice reports:',
  );
  box.replaceChildren(title, ...(faults.length === 0 ? [] : [list]));
  const news = faults.filter((fault) => !known.faults.includes(fault));
  if (news.length > 0) say(news.join(' '));
  else if (known.faults.length > 0 && faults.length === 0) say('All faults are gone.');
  known.faults = faults;
}

/** The newest line stands last and in view, unless somebody reads further up. */
function drawLines(more) {
  const last = lines.at(-1)?.n ?? 0;
  const fresh = more.filter(({ n }) => n > last);
  if (fresh.length === 0) return;
  lines = [...lines, ...fresh].slice(-mostLines);
  const scroll = byId('scroll');
  const isAtEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 40;
  keep(
    byId('lines'),
    lines,
    ({ n }) => n,
    line,
    () => {},
  );
  if (isAtEnd) scroll.scrollTop = scroll.scrollHeight;
}

function line({ at, source, text }) {
  const item = make('li');
  item.append(
    make('span', 'time', `${(at / 1000).toFixed(1)} s`),
    make('span', 'source', source),
    make('span', 'text', text),
  );
  return item;
}
