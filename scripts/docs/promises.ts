import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Case } from './cases';

const page = join(__dirname, '../../docs/security.md');
const row = /^\| (.*?) +\| (.*?) +\| `(\S+\.test\.ts)`: (.*?) +\|$/gm;

/** What docs/security.md promises that somebody cannot do, each with the test that keeps it. */
export const readPromises = (): readonly Case[] =>
  Array.from(readFileSync(page, 'utf8').matchAll(row), ([, who = '', cannot = '', file, test]) => ({
    when: who,
    result: `cannot ${cannot}`,
    proof: `${file}: ${test}`,
  }));
