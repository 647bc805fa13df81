import { benches } from '../bench/benches';
import { type Kept, sectionOf } from '../measure/page';

const intro = `# Performance

\`npm run bench -- all --docs\` measured all of this and wrote this page. Every comparison is made of paired runs on one machine: compare the ratios,
not the absolute figures. "Half of the rounds" is from the first quartile to the third.`;

/** docs/performance.md, as the kept runs make it. */
export function performancePage(kept: ReadonlyMap<string, Kept>): string {
  const sections = Object.keys(benches).flatMap((name) => {
    const run = kept.get(name);
    return run === undefined ? [] : [sectionOf(name, run)];
  });
  return `${[intro, ...sections].join('\n\n')}\n`;
}
