import { labels as known } from '../../../lib/edge/labels';
import { printable, printableJson, quote } from '../../../lib/printable';
import type { Terminal } from '../../terminal/terminal';
import { wrapped } from '../../terminal/wrap';
import { type Run, Stop } from '../verb';
import { type Judged, judge, type Served } from './judge';
import { definitionsIn } from './shapes';
import { readSource } from './source';

export const run: Run = async (given, deps, word = '') => {
  const { stage, json } = given;
  const { value, twice, name } = await readSource(word, given, deps);
  const found = definitionsIn(value).map((each) => ({ ...each, name: name ?? each.name }));
  if (found.length === 0) throw new Stop(`${quote(word)} holds no task definition: ${forms}.`);
  const definitions = found.map((each) => withTwice(judge(each, stage), twice));
  const ok = definitions.every(({ faults }) => faults.length === 0);
  const { terminal } = deps;
  if (json) terminal.say(printableJson({ source: word, ok, definitions }, 2));
  else terminal.say(definitions.map((each) => printed(each, terminal)).join('\n\n'));
  return ok ? 0 : 1;
};

const forms =
  'what `aws ecs register-task-definition --cli-input-json` takes, what `describe-task-definition` answers, a list of containers' +
  ' (Terraform), or a template in JSON (CloudFormation, CDK)';

/** Every reader takes the last of two equal keys, so one label is lost without a word. */
const withTwice = (judged: Judged, twice: readonly string[]): Judged => {
  const lost = [...new Set(twice)].filter((key) => /^\s*haproxy\./i.test(key));
  const faults = lost.map((key) => `the key ${quote(key)} stands twice in one object, and only the last counts`);
  return { ...judged, faults: [...judged.faults, ...faults] };
};

function printed({ name, served, faults, notes }: Judged, { columns, paint }: Terminal): string {
  const item = (sign: string) => (words: string) => `  ${sign} ${wrapped(printable(words), columns, 4)}`;
  const title = name === '' ? [] : [paint('bold', `task definition ${printable(name)}`)];
  const isWorker = served.length + faults.length === 0;
  const blocks = [
    title,
    isWorker
      ? [wrapped('No label begins with haproxy., so nothing is served: a worker, or a cron job.', columns, 0)]
      : [],
    ...served.map((each) => servedLines(each, columns)),
    faults.length > 0
      ? [paint('red', faults.length === 1 ? '1 fault' : `${faults.length} faults`), ...faults.map(item('-'))]
      : [],
    faults.length > 0 ? [wrapped(`${served.length > 0 ? '' : unserved}${nextStep}`, columns, 0)] : [],
    notes.length > 0 ? [paint('yellow', 'To look at:'), ...notes.map(item('-'))] : [],
  ];
  return blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join('\n'))
    .join('\n\n');
}

const unserved = 'Nothing of this task definition would be served; what its service serves now would stay. ';
const nextStep = 'Correct it, then check it again; docs/labels.md lists every label and fault.';

function servedLines({ container, port, urls, check, labels }: Served, columns: number): readonly string[] {
  const line = (what: string, words: string) => `  ${what.padEnd(7)} ${wrapped(printable(words), columns, 10)}`;
  const asked = check === 'tcp' ? 'by tcp: the port must take connections' : `GET ${check} must pass`;
  const says = ([key, value]: readonly [string, string]) => {
    // The table's words, without its examples.
    const about = known
      .find((label) => label.key === key)
      ?.value.replace(/: `.*| \(below\)/, '')
      .replaceAll('`', '"');
    return line('label', `${key} ${value}${about ? `: ${about}` : ''}`);
  };
  return [
    printable(`container ${container}, port ${port}`),
    ...urls.map((url, index) => line(index === 0 ? 'serves' : '', url)),
    ...(labels.redirect === undefined ? [line('check', asked)] : []),
    ...Object.entries(labels).map(says),
  ];
}
