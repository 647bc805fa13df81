// `npm run reliability`: runs the tests, checks that each case of test/cases/ and each promise of docs/security.md names a test that passed, and writes
// docs/reliability.md. CI does all but the last: without `--docs` nothing is written.
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { Command } from 'commander';
import { readTopics } from './docs/cases';
import { writePages } from './docs/pages';
import { readPromises } from './docs/promises';
import { machine } from './measure/machine';
import type { Outcome } from './measure/outcome';
import { keep } from './measure/page';
import { haproxyVersion } from './real/haproxy';

type Run = {
  readonly numTotalTests: number;
  readonly numPassedTests: number;
  readonly testResults: { name: string; assertionResults: { fullName: string; status: string }[] }[];
};

const root = join(__dirname, '..');

new Command('npx tsx scripts/reliability.ts')
  .argument('<results>', "Jest's results as JSON")
  .option('--docs', 'write docs/reliability.md')
  .action((results: string, { docs }: { docs?: true }) => {
    const run = JSON.parse(readFileSync(results, 'utf8')) as Run;
    const cases = readTopics().flatMap((topic) => topic.cases);
    const promises = readPromises();
    const passed = passedIn(run);
    const unproven = [...cases, ...promises].filter(({ proof }) => !passed.has(proof));
    for (const { when, result, proof } of unproven)
      console.error(`no test has passed for "${when}: ${result}": ${proof}`);
    if (cases.length === 0 || promises.length === 0 || unproven.length > 0) process.exit(1);

    if (docs) {
      keep('tests', { day: new Date().toISOString().slice(0, 10), machine: machine(), outcome: outcomeOf(run) });
      writePages();
    }
    console.log(`test/cases/: ${cases.length} cases, each with a test that passed`);
    console.log(`docs/security.md: ${promises.length} promises, each with a test that passed`);
  })
  .parse();

function passedIn({ testResults }: Run): ReadonlySet<string> {
  return new Set(
    testResults.flatMap(({ name, assertionResults }) =>
      assertionResults
        .filter(({ status }) => status === 'passed')
        .map(({ fullName }) => `${relative(join(root, 'test'), name)}: ${fullName}`),
    ),
  );
}

function outcomeOf({ numTotalTests, numPassedTests, testResults }: Run): Outcome {
  const found = `${numPassedTests.toLocaleString('en-GB')} of ${numTotalTests.toLocaleString('en-GB')}`;
  const verdict = numPassedTests === numTotalTests ? 'met' : 'missed';
  return {
    title: 'The tests',
    setting: [`HAProxy ${haproxyVersion()}; \`npm test\`, ${testResults.length} files.`],
    tables: [],
    charts: [],
    goals: [{ what: 'tests that pass', bound: 'all', found, verdict }],
    notRun: [],
    measured: {},
  };
}
