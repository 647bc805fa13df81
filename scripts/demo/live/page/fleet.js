import { byId, keep, make, number, setText } from './dom.js';

/** A stage of the loop stays lit for so long. */
const litMs = 1_500;
const signs = { pending: '○', 'not checked': '◔', serving: '●', 'no route': '–', stopping: '◌', killed: '✕' };

/** Draws the loop, HAProxy and the instances with their tasks. */
export function drawFleet({ loop, load, proxy, hosts, services }) {
  const latest = Math.max(...loop.map(({ at }) => at));
  keep(
    byId('loop'),
    loop,
    ({ name }) => name,
    stage,
    (item, each) => drawStage(item, each, latest),
  );
  setText(byId('rate'), number(load.perSecond));
  const facts = {
    version: proxy.version,
    process: proxy.pid || '–',
    generation: proxy.generation,
    reloads: proxy.reloads,
    certificate: proxy.serial ? `${proxy.serial.slice(0, 8)}…, ${proxy.days} days left` : 'none yet',
  };
  drawFacts(facts);
  keep(byId('hosts'), hosts, ({ address }) => address, host, drawHost);
  keep(
    byId('services'),
    services,
    ({ name }) => name,
    () => make('li'),
    drawService,
  );
}

function drawFacts(facts) {
  const words = Object.entries(facts).flatMap(([name, value]) => [
    { tag: 'dt', key: `name ${name}`, text: name },
    { tag: 'dd', key: `value ${name}`, text: `${value}` },
  ]);
  keep(
    byId('proxy'),
    words,
    ({ key }) => key,
    ({ tag }) => make(tag),
    (element, { text }) => setText(element, text),
  );
}

function stage({ name }) {
  const item = make('li', 'stage');
  item.append(make('strong', '', name), make('span', 'ms'), make('span', 'text quiet'));
  return item;
}

function drawStage(item, { name, at, ms, text }, latest) {
  const [, took, about] = item.children;
  item.classList.toggle('lit', at > 0 && latest - at < litMs && Date.now() - at < litMs);
  const isNumber = name === 'generation';
  setText(took, at === 0 ? '–' : ms > 0 ? `${number(ms)} ms` : isNumber ? text : '\u00a0');
  setText(about, isNumber ? '' : text);
  about.title = text;
}

function host() {
  const box = make('div', 'host');
  box.append(make('p'), make('ul', 'chips'));
  return box;
}

function drawHost(box, { address, status, tasks }) {
  const [title, chips] = box.children;
  box.classList.toggle('gone', status === 'gone');
  setText(title, `Instance ${address}${status === 'active' ? '' : `: ${status}${status === 'gone' ? ' ✕' : ''}`}`);
  keep(chips, tasks, ({ id }) => id, chip, drawChip);
}

function chip() {
  const item = make('li');
  item.append(make('span'), make('span', 'state'));
  return item;
}

function drawChip(item, { id, service, version, state, perSecond, count }) {
  const [name, what] = item.children;
  const shown = service === 'hello-world' ? `version-${((version - 1) % 6) + 1}` : 'version-0';
  item.className = `chip ${state.replace(' ', '-')} ${shown}`;
  setText(name, count ? `${service} × ${count}` : service === 'hello-world' ? `${id} v${version}` : `${id} ${service}`);
  const serves = state === 'serving' || (state === 'stopping' && perSecond > 0);
  const words = [signs[state], state !== 'serving' && state, serves && `${perSecond}/s`];
  setText(what, words.filter(Boolean).join(' '));
}

function drawService(item, { name, text, isWell }) {
  item.classList.toggle('unwell', !isWell);
  setText(item, `${name}: ${text}`);
}
