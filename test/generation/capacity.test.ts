import { type Generation, printGeneration, sha256 } from '../../lib/generation/generation';
import { renderListable } from '../../lib/generation/plan';
import { type File, render } from '../../lib/haproxy/render';
import { backend } from '../builders';

const hosts = (index: number, count: number) =>
  Array.from({ length: count }, (_, n) => ({ host: `h${n}.service-${index}.example.com`, path: '/', since: index }));
const services = (count: number, hostsEach = 1) =>
  Array.from({ length: count }, (_, index) =>
    backend({}, { name: `demo.service-${index}`, service: `service-${index}`, routes: hosts(index, hostsEach) }),
  );
const listed = (backends: ReturnType<typeof services>, published?: Generation) =>
  renderListable({ backends, certified: [] }, [], published);
const names = (backends: readonly { name: string }[]) => backends.map(({ name }) => name);

/** As published, with other hashes, and versions of so many digits. */
const published = (files: readonly Pick<File, 'name'>[], digits: number): Generation => ({
  files: files.map(({ name }, index) => ({
    name,
    sha256: sha256(`other ${name}`),
    versions: [10 ** (digits - 1) + ((index * 7_919) % 10 ** (digits - 1))],
  })),
  certificates: [],
});
const printed = (files: readonly File[], digits: number) => printGeneration(published(files, digits));
const asFiles = (backends: readonly { name: string }[]) =>
  ['00-global', '10-frontends', '20-routes', ...backends.map(({ name }) => `50-${name}`)].map((name) => ({
    name: `${name}.cfg`,
  }));

it('renders all that haproxy/current can list', () => {
  expect(listed(services(100))).toMatchObject({ leftOut: [] });
});

it('leaves out the youngest services, and no other', () => {
  const all = services(200);
  const { files, leftOut } = listed([...all].reverse());
  expect(leftOut.length).toBeGreaterThan(0);
  expect(names(leftOut)).toStrictEqual(names(all).slice(-leftOut.length));
  expect(printed(files, 5)).toHaveLength(1);
});

it.each([6, 7])('can list what it chose when versions have %s digits', (digits) => {
  expect(printed(listed(services(200)).files, digits)).toHaveLength(1);
});

it('leaves out what a service added in one step as a whole, not what it had before', () => {
  const old = services(100);
  const added = Array.from({ length: 50 }, (_, index) => ({
    ...backend({}, { name: `demo.service-0.r${index}`, service: 'service-0' }),
    routes: [{ host: `r${index}.example.com`, path: '/', since: 500 }],
  }));
  const remembered = backend({}, { name: 'demo.gone', service: 'gone', routes: [], stopped: { a: 1 } });

  expect(names(listed([...old, remembered, ...added]).leftOut)).toStrictEqual([...names(added), 'demo.gone']);
});

describe('what is published', () => {
  const full = services(200).slice(0, 200 - listed(services(200)).leftOut.length);

  it('stays when an older service splits its hosts, or comes back with others: what is new waits', () => {
    const [first = backend(), ...others] = full;
    const half = { ...first, name: 'demo.service-0..admin', routes: hosts(0, 1) };
    const back = { ...first, routes: [{ host: 'other.example.com', path: '/', since: 900 }] };
    const waiting = backend({}, { name: 'demo.waiting', service: 'waiting', routes: hosts(300, 1) });
    const current = published(asFiles(full), 4);

    expect(names(listed([first, half, ...others], current).leftOut)).toStrictEqual(['demo.service-0..admin']);
    expect(names(listed([waiting, back, ...others], current).leftOut)).toStrictEqual(['demo.waiting']);
  });

  it('stays though there would be no room for it with the longest versions', () => {
    const more = services(full.length + 2);
    const added = backend({}, { name: 'demo.added', service: 'added', routes: hosts(400, 1) });
    const current = published(asFiles(more), 2);
    expect(printGeneration(current)).toHaveLength(1);
    expect(names(listed([...more, added], current).leftOut)).toStrictEqual(['demo.added']);
    expect(names(listed(more, undefined).leftOut).length).toBeGreaterThan(0);
  });
});

it('renders at most twice, however many wait', () => {
  let reads = 0;
  const count = () => {
    reads++;
    return [];
  };
  const counted = () => {
    const [oldest = backend(), ...others] = services(160, 50);
    return [Object.defineProperty({ ...oldest }, 'servers', { enumerable: true, get: count }), ...others];
  };
  render({ backends: counted(), certified: [] });
  const once = reads;
  reads = 0;

  expect(listed(counted()).leftOut.length).toBeGreaterThan(20);

  expect(reads).toBeLessThanOrEqual(2 * once);
});
