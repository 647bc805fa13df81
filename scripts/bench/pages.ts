import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { allKept, type Kept, sectionOf } from '../measure/page';

const intro = `# Performance

\`npm run bench -- all --docs\` measured all of this and wrote this page. Every comparison is made of paired runs on one machine: compare the ratios,
not the absolute figures. "Half of the rounds" is from the first quartile to the third.`;

/** docs/performance.md, as the kept runs make it. */
export function performancePage(kept: ReadonlyMap<string, Kept>, names: readonly string[]): string {
  const sections = names.flatMap((name) => {
    const run = kept.get(name);
    return run === undefined ? [] : [sectionOf(name, run)];
  });
  return `${[intro, ...sections].join('\n\n')}\n`;
}

export function writePerformancePage(names: readonly string[]): void {
  writeFileSync(join(__dirname, '../../docs/performance.md'), performancePage(allKept(), names));
}
