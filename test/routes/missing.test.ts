import type { Routes } from '../../lib/routes/routes';
import { backend, definition, fleet, task } from '../builders';
import { decide, host, look, of } from './deciding';
import { at, type Containers, containers, decideFor, fleetFor, served, servedText } from './revisions';

const web: Containers = { web: at('a.test') };
const both: Containers = { web: at('a.test'), admin: at('b.test') };
const shared: Containers = { web: at('a.test,b.test') };
const counts = (count: number) => new Map([['demo/shop', count]]);

type Tasks = Parameters<typeof decideFor>[0];

/** What a run decides after these tasks were published, and then others are described. */
const next = (before: Tasks, now: Tasks, witness?: ReadonlyMap<string, number>, unread: number[] = []): Routes => {
  const { backends: published } = decideFor(before, {});
  return decideFor(now, { published, ...(witness && { witness }) }, unread);
};

describe('what vanishes without a stop order', () => {
  const bare: Containers = { web: {} };

  it('stays though no revision claims it any more, until its service was asked', () => {
    const lost = next({ t1: [1, web], t2: [1, web] }, { t3: [2, bare] });
    const agreed = next({ t1: [1, web], t2: [1, web] }, { t3: [2, bare] }, counts(1));
    expect([served(lost), lost.doubts]).toStrictEqual([{ 'a.test': 't1 web, t2 web' }, ['demo/shop']]);
    expect([served(agreed), agreed.doubts]).toStrictEqual([{}, []]);
  });

  it('stays with each host of its own, also where a newer revision has split them', () => {
    const lost = next({ t1: [1, shared], t2: [1, shared] }, { t3: [2, both] }, counts(3));
    expect(served(lost)).toStrictEqual({ 'a.test': 't1 web, t2 web, t3 web', 'b.test': 't1 web, t2 web, t3 admin' });
    expect(lost.doubts).toStrictEqual(['demo/shop']);
  });

  it('gives its host to no other service before that', () => {
    const younger = of('other', 'o', { createdAt: 5_000, hostPort: 32769 });
    const tasks = [younger, task('n', { definition: 'shop:2', hostPort: 32770 })];
    const definitions = { 'other:1': host('shop.example.com'), 'shop:2': definition({}, 2) };
    const backends = [{ name: 'demo.shop', servers: [{ name: 'a' }] }];
    const decided = decide(look(tasks, definitions, { published: [backend({ a: 32768 })] }));
    expect(decided).toMatchObject({ backends, doubts: ['demo/shop'] });
  });
});

// Five were published. One is described, one cannot be read, and of three nothing is said.
it.each([
  [5, 't1 web, t2 web, t3 web, t4 web, t5 web'],
  [3, 't1 web, t2 web, t3 web, t4 web, t5 web'],
  [2, 't1 web, t2 web'],
  [1, 't1 web'],
])('what cannot be read stays before what is not described: the service counts %i', (count, expected) => {
  const ids = ['t1', 't2', 't3', 't4', 't5'];
  const { backends: published } = decideFor(Object.fromEntries(ids.map((id) => [id, [1, web]])), {});
  const unread = [{ what: 'task t2', why: 'no state', services: ['demo/shop'], task: { id: 't2', stopping: false } }];
  const seen = { ...fleetFor({ t1: [1, web] }), unread };
  expect(served(decide({ fleet: seen, published, witness: counts(count) }))).toStrictEqual({ 'a.test': expected });
});

describe('a task whose definition cannot be read', () => {
  it.each([
    ['asks for other hosts', 'web a; admin b', 'app c', 'a: t1 web | b: t1 admin | c: t2 app'],
    ['splits them', 'web a,b', 'web a; admin b', 'a: t1 web, t2 web | b: t1 web, t2 admin'],
    ['turns them round', 'web a; admin b', 'admin a; web b', 'a: t1 web, t2 admin | b: t1 admin, t2 web'],
  ])('keeps what is published of it when another revision %s', (_, before, after, expected) => {
    const [old, now] = [containers(before), containers(after)];
    expect(servedText(next({ t1: [1, old] }, { t1: [1, old], t2: [2, now] }, undefined, [1]))).toBe(expected);
    expect(servedText(next({ t1: [1, old] }, { t1: [1, old], t2: [2, now] }))).toBe(expected);
  });
});

it('a backend that splits keeps its servers while EC2 does not name their host', () => {
  const { backends: published } = decideFor({ t1: [1, shared] }, {});
  const split = task('t2', { definition: 'shop:2', containers: [] });
  const definitions = {
    'shop:1': { ...definition({}), containers: [{ name: 'web', labels: shared.web ?? {}, ports: [80], ranges: [] }] },
    'shop:2': {
      ...definition({}, 2),
      containers: Object.entries(both).map(([name, labels]) => ({ name, labels, ports: [80], ranges: [] })),
    },
  };
  const seen = { ...fleet([task('t1', { definition: 'shop:1' }), split], definitions), hosts: new Map() };

  expect(served(decide({ fleet: seen, published }))).toStrictEqual({ 'a.test': 't1 web', 'b.test': 't1 web' });
});

describe('in quarantine', () => {
  const routes = [{ host: 'c.test', path: '/', since: 1 }];
  const rival = backend({}, { name: 'demo.rival', service: 'rival', routes });
  const quarantined = (before: Containers, now: Containers) => {
    const { backends } = decideFor({ t1: [1, before] }, {});
    const witness = new Map([...counts(2), ['demo/rival', 1]]);
    return decideFor({ t1: [1, before], t2: [2, now] }, { published: [...backends, rival], witness });
  };

  const [split, silent] = [containers('web a.test; admin b.test,c.test'), containers('web; app c.test')];
  const faulty = { ...containers('web b.test; admin a.test'), app: { 'haproxy.hots': 'x' } };
  it.each<[string, Containers, Containers, string]>([
    ['by its own labels', shared, split, 'a.test: t1 web, t2 web | b.test: t1 web, t2 admin'],
    ['by the published container, where they say nothing of it', web, silent, 'a.test: t1 web, t2 web'],
    ['by its own labels beside a faulty one', both, faulty, 'a.test: t1 web, t2 web | b.test: t1 admin, t2 admin'],
  ])('each task serves the published hosts %s', (_, before, now, expected) => {
    expect(servedText(quarantined(before, now)).replace(/ \| c.test: .*/, '')).toBe(expected);
  });

  it('a container that the published route leads to, and that is no longer there, is named', () => {
    const { backends: published } = decideFor({ t1: [1, web] }, {});
    const { faults } = decideFor({ t2: [2, { app: { 'haproxy.hots': 'a.test' } }] }, { published, witness: counts(1) });
    expect(faults.at(-1)?.message).toBe(
      'demo/shop: task t2 runs but has no container "web", to which its published route leads; correct its labels',
    );
  });
});
