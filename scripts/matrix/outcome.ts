import type { Goal, Outcome } from '../measure/outcome';
import type { Form, Run } from './forms';
import type { Tested } from './jest';

/** `tested` is missing where the run lacked something. */
export type Result = { readonly run: Run; readonly tested?: Tested };

export function outcomeOf(form: Form, results: readonly Result[]): Outcome {
  const listed = (title: string, kind: 'failed' | 'unsteady') => {
    const rows = results.flatMap(({ run, tested }) => tested?.[kind].map((test) => [run.subject, test]) ?? []);
    return rows.length > 0 ? [{ title, head: ['what', 'test'], rows }] : [];
  };
  return {
    title: 'The matrix',
    setting: [`\`npm run matrix${form === 'short' ? ' -- short' : ''}\`: the same tests on each release.`],
    tables: [
      {
        title: 'Releases',
        note: 'A row that names no release of HAProxy or of Node.js was tested with the one of the machine.',
        head: ['what', 'version', 'tests', 'passed', 'failed', 'skipped'],
        rows: results.map(rowOf),
      },
      ...listed('Failed tests', 'failed'),
      ...listed('Failed beside other files, and passed alone', 'unsteady'),
    ],
    charts: [],
    goals: [
      goalOf('failed tests on all releases of HAProxy', results, 'HAPROXY'),
      goalOf('failed tests of the sync on all releases of Node.js', results, 'SYNC_NODE'),
    ],
    notRun: results.flatMap(({ run, tested }) => (tested === undefined ? [`${run.subject}: ${run.lacks}.`] : [])),
    measured: results,
  };
}

function rowOf({ run: { subject, version, what }, tested }: Result): readonly string[] {
  if (tested === undefined) return [subject, 'not run', what, '', '', ''];
  const { passed, failed, skipped } = tested;
  return [subject, version, what, ...[passed, failed.length, skipped].map((count) => count.toLocaleString('en-GB'))];
}

/** Failures are failures, whatever could not be run; without any the goal needs all releases. */
function goalOf(what: string, all: readonly Result[], variable: Run['variables'][number]): Goal {
  const results = all.filter(({ run }) => run.variables.includes(variable));
  const failed = results.reduce((sum, { tested }) => sum + (tested?.failed.length ?? 0), 0);
  const ran = results.reduce((sum, { tested }) => sum + (tested ? tested.passed + tested.failed.length : 0), 0);
  const absent = results.filter(({ tested }) => tested === undefined).map(({ run }) => run.subject);
  const found = `${failed} of ${ran.toLocaleString('en-GB')}`;
  return {
    what,
    bound: 'at most 0',
    found: absent.length > 0 ? `${found}; not run: ${absent.join(', ')}` : found,
    verdict: failed > 0 ? 'missed' : absent.length > 0 ? 'open' : 'met',
  };
}
