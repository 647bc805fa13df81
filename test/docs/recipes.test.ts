import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { readLabels } from '../../lib/routes/labels';

const { blocks } = require('../../scripts/documented.cjs') as {
  blocks: (page: string) => readonly { kind: string; text: string }[];
};
const { load } = require('js-yaml') as { load: (yaml: string) => { image: Copilot } };

type Labelled = { readonly labels: Record<string, string>; readonly ports: readonly number[] };
type Container = {
  readonly dockerLabels?: Record<string, string>;
  readonly portMappings?: readonly { containerPort: number }[];
};
type Copilot = { readonly labels: Record<string, string>; readonly port: number };

/** In TypeScript `'a': 'b'`, in HCL `"a" = "b"`. */
const pairs = (text: string) =>
  Object.fromEntries(
    [...text.matchAll(/(['"])([\w.-]+)\1\s*[:=]\s*(['"])(.*?)\3/g)].map(([, , key = '', , value = '']) => [key, value]),
  );
const inCode = (text: string): readonly Labelled[] =>
  [...text.matchAll(/dockerLabels\s*[:=]\s*\{([^}]*)\}/g)].map(([, labels = '']) => ({
    labels: pairs(labels),
    ports: [...text.matchAll(/containerPort\s*[:=]\s*(\d+)/g)].map(([, port]) => Number(port)),
  }));

/** Every container with labels that a block shows, by the block's kind. */
const readers: Readonly<Record<string, (text: string) => readonly Labelled[]>> = {
  json: (text) =>
    (JSON.parse(text) as { containerDefinitions: readonly Container[] }).containerDefinitions.flatMap(
      ({ dockerLabels: labels, portMappings = [] }) =>
        labels ? { labels, ports: portMappings.map(({ containerPort }) => containerPort) } : [],
    ),
  'yaml manifest': (text) => {
    const { labels, port } = load(text).image;
    return [{ labels, ports: [port] }];
  },
  ts: inCode,
  hcl: inCode,
};

const folder = join(__dirname, '../../docs/recipes');
const pages = readdirSync(folder).map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }));
const recipes = pages.filter(({ name }) => name !== 'README.md');

it('of all recipes are in their index', () => {
  const [index] = pages.filter(({ name }) => name === 'README.md');

  expect(recipes.filter(({ name }) => !index?.text.includes(`](${name})`))).toStrictEqual([]);
});

describe.each(recipes)('the recipe $name', ({ text }) => {
  it('has labels, and Sluice serves each block of them', () => {
    const read = blocks(text).filter(({ kind }) => kind in readers);
    const labelled = read.flatMap(({ kind, text }) => readers[kind]?.(text) ?? []);
    const keys = labelled.flatMap(({ labels }) => Object.keys(labels)).filter((key) => key.startsWith('haproxy.'));
    const written = read.flatMap(({ text }) => text.match(/\bhaproxy\.[\w.-]+['"]?\s*[:=]/g) ?? []);

    expect(labelled.length).toBeGreaterThan(0);
    expect(keys).toHaveLength(written.length);
    for (const { labels, ports } of labelled) {
      const found = readLabels({ name: 'web', labels, ports, ranges: [] });
      expect(found.faults).toStrictEqual([]);
      expect(found.routes[0]?.hosts).toContain('shop.example.com');
    }
  });

  it.each(['arm64', '/sluice/', 'pre-stop', 'igrations', 'worker'])('speaks of %s', (word) => {
    expect(text).toContain(word);
  });
});
