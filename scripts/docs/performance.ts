import { benches } from '../bench/benches';
import type { Goal } from '../measure/outcome';
import { type Kept, sectionOf } from '../measure/page';

const intro = `# Performance

Each section is one run of \`npm run bench -- <name> --docs\`, which writes it here. Every comparison is made of paired runs on one machine: compare the ratios,
not the absolute figures. "Half of the rounds" is from the first quartile to the third.`;

/** docs/performance.md, as the kept runs make it. */
export function performancePage(kept: ReadonlyMap<string, Kept>): string {
  const sections = Object.keys(benches).flatMap((name) => {
    const run = kept.get(name);
    return run === undefined ? [] : [sectionOf(name, run)];
  });
  const goals = [...kept].flatMap(([name, { outcome }]) => (name in benches ? outcome.goals : []));
  return `${[intro, summary(goals), ...sections].join('\n\n')}\n`;
}

/** How many goals are met, and which are not. */
function summary(goals: readonly Goal[]): string {
  const of = (verdict: Goal['verdict']) => goals.filter((goal) => goal.verdict === verdict);
  const list = (verdict: 'missed' | 'open') =>
    of(verdict).map(({ what, bound, found }) => `- ${verdict}: ${what}: ${bound}; found ${found}`);
  return [
    `Of ${goals.length} goals ${of('met').length} are met, ${of('missed').length} missed, ${of('open').length} open.`,
    '',
    ...list('missed'),
    ...list('open'),
  ].join('\n');
}
