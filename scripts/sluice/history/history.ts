import { type ParameterHistory, paginateGetParameterHistory, SSMClient } from '@aws-sdk/client-ssm';

import { alwaysList, collect } from '../../../lib/aws/calls';
import { currentName } from '../../../lib/generation/generation';
import { printable, printableJson, quote } from '../../../lib/printable';
import type { Terminal } from '../../terminal/terminal';
import { wrapped } from '../../terminal/wrap';
import { named } from '../stage';
import { type Run, Stop } from '../verb';
import { type Entry, entriesOf } from './generations';

/** Parameter Store keeps so many versions (AWS: PutParameter). */
const kept = 100;

export const run: Run = async ({ region, stage, json, count }, { terminal, config }) => {
  const most = countOf(String(count));
  const history = await readHistory(new SSMClient(config(region)), named(stage, region).prefix, { stage, region });
  const generations = entriesOf(history, stage).slice(0, most);
  terminal.say(json ? printableJson({ stage, region, generations }, 2) : printed(generations, terminal));
  return 0;
};

function countOf(text: string): number {
  if (/^[1-9]\d{0,2}$/.test(text) && Number(text) <= kept) return Number(text);
  throw new Stop(`--count ${quote(text)} is not a number from 1 to ${kept}: AWS keeps so many generations.`, 2);
}

type Place = { readonly stage: string; readonly region: string };

async function readHistory(client: SSMClient, prefix: string, place: Place): Promise<readonly ParameterHistory[]> {
  const pages = paginateGetParameterHistory({ client, pageSize: 50 }, { Name: currentName(prefix) });
  const all = await collect(pages).catch((error: Error) =>
    Promise.reject(error.name === 'ParameterNotFound' ? nothing(place) : error),
  );
  return all.flatMap(({ Parameters }) => alwaysList('Parameters', Parameters));
}

const nothing = ({ stage, region }: Place) =>
  new Stop(`Stage ${stage} has published nothing in ${region}: check --stage and --region, or deploy it.`);

function printed(entries: readonly Entry[], terminal: Terminal): string {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  const lines = entries.flatMap((entry) => linesOf(entry, terminal));
  return [`What was published, the newest first (times in ${timeZone}):`, '', ...lines].join('\n');
}

function linesOf(entry: Entry, { columns, paint }: Terminal): readonly string[] {
  const { generation, why, by } = entry;
  const fitted = (words: string) => wrapped(printable(words), columns, indent);
  const further = [
    whatOf(entry),
    ...(why === undefined ? [] : [`because: ${why}`]),
    ...(by === undefined ? [] : [`written by ${by}`]),
  ];
  return [
    `${paint('bold', `${generation}`.padStart(indent - 2))}  ${localTime(entry.at)}`,
    ...further.map((words) => ' '.repeat(indent) + fitted(words)),
  ];
}

const indent = 8;

function whatOf({ changes, damaged }: Entry): string {
  if (damaged !== undefined) return `damaged: ${damaged}`;
  if (changes === undefined) return 'nothing is known of the one before it';
  return changes.length > 0 ? changes.join('; ') : 'the same as before';
}

/** As `2026-11-26 14:03:05`, on the clock of this machine. */
function localTime(iso: string): string {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? 'an unknown time    ' : date.toLocaleString('sv-SE');
}
