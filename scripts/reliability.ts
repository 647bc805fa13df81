// `npm run reliability`: runs the tests, checks that each case of docs/reliability.md names a test that passes, and writes the number
// of cases there.
import { readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

type Run = { testResults: { name: string; assertionResults: { fullName: string; status: string }[] }[] };

const root = join(__dirname, '..');
const page = join(root, 'docs/reliability.md');
const [results = ''] = process.argv.slice(2);

const run = JSON.parse(readFileSync(results, 'utf8')) as Run;
const passed = new Set(
  run.testResults.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter(({ status }) => status === 'passed')
      .map(({ fullName }) => `${relative(join(root, 'test'), name)}: ${fullName}`),
  ),
);

const text = readFileSync(page, 'utf8');
const cases = Array.from(text.matchAll(/^\| (.*?) +\| .*\| `(.*?)`: (.*?) +\|$/gm), ([, when, file, test]) => ({
  when,
  test: `${file}: ${test}`,
}));
const unproven = cases.filter(({ test }) => !passed.has(test));
for (const { when, test } of unproven) console.error(`no test has passed for "${when}": ${test}`);
if (cases.length === 0 || unproven.length > 0) process.exit(1);

writeFileSync(page, text.replace(/^\d+ cases/m, `${cases.length} cases`));
console.log(`docs/reliability.md: ${cases.length} cases, each with a test that passed`);
