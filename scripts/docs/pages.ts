import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { allKept } from '../measure/page';
import { readTopics } from './cases';
import { performancePage } from './performance';
import { reliabilityPage } from './reliability';

/** The pages of docs/ that are made from what is kept, by their names. */
export function madePages(): Readonly<Record<string, string>> {
  const kept = allKept();
  return { 'performance.md': performancePage(kept), 'reliability.md': reliabilityPage(readTopics(), kept) };
}

export function writePages(): void {
  for (const [name, text] of Object.entries(madePages())) writeFileSync(join(__dirname, '../../docs', name), text);
}
