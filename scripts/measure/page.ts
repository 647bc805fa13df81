import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import { chartOf } from './chart';
import type { Outcome } from './outcome';
import { goalHead, goalRow, wordColumns } from './text';

const docs = join(__dirname, '../../docs');
const kept = join(docs, 'measured');

/** What docs/measured/ keeps of one run: the outcome, the day, and the machine. */
export type Kept = { readonly day: string; readonly machine: string; readonly outcome: Outcome };

/** Keeps the run as the one that docs/ shows, with its charts, instead of the one before. */
export function keep(name: string, run: Kept): void {
  mkdirSync(kept, { recursive: true });
  const { measured: _, ...shown } = run.outcome;
  writeFileSync(join(kept, `${name}.json`), `${JSON.stringify({ ...run, outcome: shown }, null, 2)}\n`);
  const images = join(docs, 'images');
  for (const old of readdirSync(images).filter((file) => file.startsWith(imagesOf(name)))) rmSync(join(images, old));
  for (const [index, chart] of run.outcome.charts.entries())
    writeFileSync(join(images, imageOf(name, index)), chartOf(chart));
}

/** The runs that docs/measured/ has, by their names. */
export function allKept(): ReadonlyMap<string, Kept> {
  const files = (existsSync(kept) ? readdirSync(kept) : []).filter((file) => file.endsWith('.json'));
  return new Map(
    files.map((file) => [basename(file, '.json'), JSON.parse(readFileSync(join(kept, file), 'utf8')) as Kept]),
  );
}

/** A section of a page in Markdown. */
export function sectionOf(name: string, { day, machine, outcome }: Kept): string {
  const { title, setting, tables, charts, goals, notRun } = outcome;
  return [
    `## ${title}`,
    `Measured on ${day}: ${machine}. ${setting.join(' ')}`,
    ...(goals.length > 0 ? [markdown(goalHead, goals.map(goalRow))] : []),
    ...tables.flatMap(({ title: of, note, head, rows }) => [
      `### ${of}`,
      ...(note === undefined ? [] : [note]),
      markdown(head, rows),
    ]),
    ...charts.map((chart, index) => `![${chart.title}, in ${chart.unit}](images/${imageOf(name, index)})`),
    ...(notRun.length > 0 ? [notRun.map((each) => `- Not run: ${each}`).join('\n')] : []),
  ].join('\n\n');
}

export const imageOf = (name: string, index: number): string => `${imagesOf(name)}${index + 1}.svg`;
const imagesOf = (name: string): string => `measured-${name}-`;

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const words = wordColumns(rows);
  const line = (row: readonly string[]) => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map((_, column) => (words.includes(column) ? '---' : '---:'))), ...rows.map(line)].join(
    '\n',
  );
}
