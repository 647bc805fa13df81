import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { readLabels, reference } from '../../lib/routes/labels';
import { type Case, readTopics } from '../../scripts/docs/cases';
import { readPromises } from '../../scripts/docs/promises';
import { named } from '../../scripts/sluice/stage';

const { blocks } = require('../../scripts/documented.cjs') as {
  blocks: (page: string) => readonly { kind: string; text: string }[];
};
const { limits } = require('../../resources/limits.cjs') as { limits: (type: string) => Record<string, number> };

const root = join(__dirname, '../..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');

it('docs/security.md names files of tests that are there', () => {
  const names = [...read('docs/security.md').matchAll(/^\| .* \| `([a-z]+)` \|$/gm)].map(([, name]) => name);

  expect(names.length).toBeGreaterThan(15);
  expect(names.filter((name) => !existsSync(join(root, `test/system/edge-${name}.test.ts`)))).toStrictEqual([]);
});

/** The titles in a file of tests, as patterns: what it.each fills in may be anything. */
function titlesIn(file: string): readonly RegExp[] {
  const titles = [...read(file).matchAll(/(?:\bit\(|\)\(\s*)(['`])((?:\\.|(?!\1).)+)\1,/gs)].map(
    ([, , title = '']) => title,
  );
  const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return titles.map(
    (title) =>
      new RegExp(
        `(^| )${title
          .split(/%[sijp]/)
          .map(literal)
          .join('.*')}$`,
      ),
  );
}

// Whether they have passed is checked when all have run: scripts/reliability.ts.
it.each([
  ['docs/security.md', readPromises(), 40],
  ['test/cases/', readTopics().flatMap(({ cases }) => cases), 200],
])('%s names tests that exist', (_, named, least) => {
  const isMissing = ({ proof }: Case) => {
    const [file = '', ...name] = proof.split(': ');
    const exists = existsSync(join(root, 'test', file));
    return !exists || !titlesIn(`test/${file}`).some((title) => title.test(name.join(': ')));
  };

  expect(named.length).toBeGreaterThanOrEqual(least);
  expect(named.filter(isMissing)).toStrictEqual([]);
});

it('docs/operations.md shows the limits that a proxy is launched with', () => {
  const rows = [...read('docs/operations.md').matchAll(/^\| `(t4g\.\w+)` \| (.*) \|$/gm)].map(
    ([, type = '', cells = '']) => {
      const numbers = cells.split(' | ').map((cell) => Number(cell.replace(/,| KB/g, '')));
      return [type, ...numbers];
    },
  );

  expect(rows.length).toBeGreaterThan(3);
  for (const [type, ...numbers] of rows) {
    const found = limits(String(type));
    expect([type, ...numbers]).toStrictEqual([
      type,
      ...[found.SLUICE_CONNECTIONS, found.SLUICE_CONNECTIONS_OF_ADDRESS, found.SLUICE_REQUESTS],
      ...[found.SLUICE_REQUESTS_OF_SERVICE, found.SLUICE_REQUESTS_OF_TASK, found.SLUICE_STREAMS],
      // The kernel doubles the size that it gets (man 7 socket, SO_SNDBUF).
      (2 * (found.SLUICE_TO_CLIENT_BYTES ?? 0)) / 1024,
    ]);
  }
});

describe('docs/labels.md', () => {
  const rows = [...read('docs/labels.md').matchAll(/^\| `(\{.*?\})` +\| ([\d, ]*?) *\| (.*?) +\|$/gm)];
  const cases = rows.map(([, labels = '{}', ports = '', says = '']) => ({
    says: says.replace(/^`(.*)`$/, '$1'),
    isFault: says.startsWith('`') && says.endsWith('`'),
    read: readLabels({
      name: 'web',
      labels: JSON.parse(labels) as Record<string, string>,
      ports: ports.split(',').map(Number).filter(Boolean),
      ranges: [],
    }),
  }));

  it('has examples that are served', () => {
    const examples = cases.filter(({ isFault }) => !isFault);

    expect(examples.length).toBeGreaterThan(5);
    for (const example of examples) {
      expect(example.read.faults).toStrictEqual([]);
      expect(example.read.routes).not.toStrictEqual([]);
    }
  });

  it('has the words of the faults', () => {
    const faulty = cases.filter(({ isFault }) => isFault);

    expect(faulty.length).toBeGreaterThan(8);
    for (const { says, read: found } of faulty) {
      // The list of known labels grows.
      const faults = found.faults.map((fault) => fault.replace(/(known are host, path).*/, '$1, …'));
      expect(faults).toStrictEqual([`container "web": ${says}`]);
    }
  });

  it('has the table of every label that the code knows; GOLDENS=write writes it', () => {
    const page = read('docs/labels.md');
    const table = [['label', 'value', 'default'], ['---', '---', '---'], ...reference].map(
      (row) => `| ${row.join(' | ')} |`,
    );
    const right = page.replace(/^\| label \| value \| default \|\n(\|.*\n)*/m, () => `${table.join('\n')}\n`);

    if (process.env.GOLDENS === 'write') writeFileSync(join(root, 'docs/labels.md'), right);
    expect(page).toBe(right);
  });
});

it('README has the index of all pages, and a label that is served', () => {
  const pages = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
  const [json] = blocks(read('README.md')).filter(({ kind }) => kind === 'json');
  const { dockerLabels: labels } = JSON.parse(json?.text ?? '') as { dockerLabels: Record<string, string> };

  expect(
    pages.filter((name) => !new RegExp(`^\\| \\[.*\\]\\(docs/${name}\\) \\|`, 'm').test(read('README.md'))),
  ).toStrictEqual([]);
  expect(readLabels({ name: 'web', labels, ports: [80], ranges: [] })).toMatchObject({ faults: [], routes: [{}] });
});

it('docs/getting-started.md has a task definition that is served', () => {
  const [json] = blocks(read('docs/getting-started.md')).filter(({ kind }) => kind === 'json');
  const { containerDefinitions } = JSON.parse(json?.text ?? '') as {
    containerDefinitions: { dockerLabels: Record<string, string>; portMappings: { containerPort: number }[] }[];
  };

  const labelled = containerDefinitions.filter(({ dockerLabels }) => dockerLabels !== undefined);
  expect(labelled).toHaveLength(1);
  for (const { dockerLabels: labels, portMappings } of labelled)
    expect(
      readLabels({ name: 'web', labels, ports: portMappings.map((port) => port.containerPort), ranges: [] }),
    ).toMatchObject({ faults: [], routes: [{ hosts: ['shop.example.com'] }] });
});

it('docs/operations.md explains every alarm, and no other', () => {
  const text = read('docs/operations.md');
  const section = text.slice(text.indexOf('## The alarms'), text.indexOf('## What happens by itself'));
  const explained = [...section.matchAll(/^### (.*)$/gm)].map(([, name]) => `sluice-prod-${name}`);

  expect(explained.sort()).toStrictEqual([...named('prod', 'eu-west-2').alarms].sort());
});
