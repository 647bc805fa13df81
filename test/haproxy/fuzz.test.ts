import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';

import { labels } from '../../lib/edge/labels';
import type { Backend } from '../../lib/haproxy/backend';
import { mapLines } from '../../lib/haproxy/map';
import { type File, render } from '../../lib/haproxy/render';
import { mapName } from '../../lib/haproxy/sections';
import { quote } from '../../lib/printable';
import { readLabels } from '../../lib/routes/labels';
import { backend } from '../builders';
import { known } from './label-lines';

/** CI draws 10,000. */
const [sets, batch] = [Number(process.env.FUZZED ?? 2_000), 100];
const haproxy = process.env.HAPROXY ?? 'haproxy';
const temporary = mkdtempSync(join(tmpdir(), 'sluice-fuzz-'));
afterAll(() => rmSync(temporary, { recursive: true }));

it('knows every label', () => {
  expect(Object.keys(known).sort()).toStrictEqual(labels.map(({ key }) => key).sort());
});

const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.stringMatching(/^[a-z0-9.*/:, \n"'\\{}%$#[\]();=-]{0,20}$/),
  fc.constantFrom(
    'on',
    '1\n    http-request deny',
    '${HOME}',
    '%[src]',
    '" }',
    'x if TRUE',
    '-f /etc/passwd',
    '#',
    '\\',
    '__proto__',
  ),
);
/** A right value, one with something hostile in it, or something else. */
const nearly = (right: readonly string[]) =>
  fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...right) },
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.constantFrom(...right), fc.nat(40), hostile)
        .map(([text, at, put]) => text.slice(0, at) + put + text.slice(at)),
    },
    { weight: 1, arbitrary: hostile },
  );
const hosts = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom('f.test', '*.f.test', 'f.test, g.test') },
  { weight: 1, arbitrary: hostile },
);
const paths = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom('/', '/api', '/api/v1') },
  { weight: 1, arbitrary: hostile },
);
/** With more labels at once hardly a set would be right. */
const few = fc.subarray(Object.keys(known), { maxLength: 3 });
const fuzzed = few
  .chain((keys) => {
    const drawn = ['check', ...keys].map((key) => [key, nearly(known[key]?.[0] ?? [])] as const);
    return fc.record({ host: hosts, path: paths, ...Object.fromEntries(drawn) }, { requiredKeys: ['host'] });
  })
  .map((values) => Object.fromEntries(Object.entries(values).map(([key, value]) => [`haproxy.${key}`, String(value)])));

/** The fuzzed service, if its labels are right, and else the faults. */
function serviceOf(given: Record<string, string>, number: number): Backend | readonly string[] {
  const { routes, faults } = readLabels({ name: 'web', labels: given, ports: [80], ranges: [] });
  const [route] = routes;
  if (route === undefined) return faults;
  const own = route.hosts.map((host) => ({
    host: host.replace('*', `*.n${number}`).replace(/^([^*])/, `n${number}.$1`),
    path: route.path,
    since: 1,
  }));
  return backend(
    { t: 1 },
    { name: `fuzz.s${number}`, cluster: 'fuzz', service: `s${number}`, routes: own, labels: route.labels },
  );
}

const others = [
  backend({ a: 1 }, { name: 'demo.shop', labels: { check: '/up' } }),
  backend({ b: 2 }, { name: 'demo.blog', service: 'blog', routes: [{ host: 'blog.test', path: '/', since: 1 }] }),
];
const alone = render({ backends: others, certified: [] });

it('of random and hostile labels each set is a named fault, or adds its own lines to its own backend and nothing else', () => {
  const given = fc.sample(fuzzed, { numRuns: sets, seed: Number(process.env.SEED ?? 6378) });
  const read = given.map((each, number) => ({ given: each, found: serviceOf(each, number) }));
  const services = read.flatMap(({ found }) => ('name' in found ? [found] : []));
  expect(read.flatMap(({ given, found }) => ('name' in found ? [] : unnamed(given, found))).slice(0, 5)).toStrictEqual(
    [],
  );
  expect(services.length).toBeGreaterThan(sets / 10);
  expect(services.length).toBeLessThan(sets * 0.9);
  for (let from = 0; from < services.length; from += batch) {
    const some = services.slice(from, from + batch);
    const files = render({ backends: [...others, ...some], certified: [] });
    expect(strays(some, files).slice(0, 5)).toStrictEqual([]);
    expect(refusal(files)).toBe('');
  }
});

/** Each fault names a label that was given, with its value, or says that one is missing. */
const unnamed = (given: Record<string, string>, faults: readonly string[]): readonly string[] =>
  faults.filter(
    (fault) =>
      !Object.entries(given).some(([label, value]) =>
        fault.startsWith(`container "web": ${label} ${quote(value.trim()).slice(0, 8)}`),
      ),
  );

/** What differs from a configuration without these services, or without their labels, and is not their own. */
function strays(services: readonly Backend[], files: readonly File[]): readonly string[] {
  const bare = render({ backends: services.map((service) => ({ ...service, labels: {} })), certified: [] });
  const text = (from: readonly File[], file: string) => from.find(({ name }) => name === file)?.text ?? '';
  const names = new Set(services.flatMap(({ name, servers }) => [name, ...servers.map((server) => server.name)]));
  const isOwn = (line: string) => names.has(line.replace(/^.* /, ''));
  const added = (service: Backend) => {
    const file = `50-${service.name}.cfg`;
    const begins = Object.keys(service.labels).flatMap((key) => known[key]?.[1] ?? []);
    const before = new Set(text(bare, file).split('\n'));
    return text(files, file)
      .split('\n')
      .filter((line) => !before.has(line) && !/^(#| {4}server )/.test(line))
      .filter((line) => !begins.some((words) => `${line.trimStart()} `.startsWith(`${words} `)));
  };
  return [
    ...alone.slice(3).flatMap(({ name, text: own }) => (text(files, name) === own ? [] : [name])),
    ...mapLines(text(files, mapName)).filter((line) => !isOwn(line) && !mapLines(text(alone, mapName)).includes(line)),
    ...services.flatMap(added),
  ];
}

/** What HAProxy says, warnings included. */
function refusal(files: readonly File[]): string {
  const home = join(temporary, 'now');
  mkdirSync(join(home, 'haproxy'), { recursive: true });
  for (const { name, text } of files)
    writeFileSync(join(home, 'haproxy', name), text.replace(/^ +bind .* ssl .*\n/gm, ''));
  for (const state of ['sluice', 'start']) writeFileSync(join(home, `${state}.state`), '1\n');
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin`, SLUICE: home, SLUICE_RUN: home };
  const { status, stderr } = spawnSync(haproxy, ['-c', '-dW', '-f', join(home, 'haproxy')], { env, encoding: 'utf8' });
  rmSync(home, { recursive: true });
  return status === 0 ? '' : stderr;
}
