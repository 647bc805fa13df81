import { type Kept, sectionOf } from '../measure/page';
import type { Topic } from './cases';

/** docs/reliability.md, as the cases and the kept runs make it. */
export function reliabilityPage(topics: readonly Topic[], kept: ReadonlyMap<string, Kept>): string {
  const count = topics.reduce((sum, { cases }) => sum + cases.length, 0);
  const runs = ['tests', 'soak', 'matrix'].flatMap((name) => {
    const run = kept.get(name);
    return run === undefined ? [] : [sectionOf(name, run)];
  });
  const intro = `# What happens when…

${count} cases. Each names a test below \`test/\` that proves it. Do not edit this page: \`npm run reliability\` makes it from \`test/cases/\` and
from what the last runs have kept in \`docs/measured/\`.`;
  return `${[intro, ...topics.map(topicSection), ...runs].join('\n\n')}\n`;
}

const topicSection = ({ title, cases }: Topic): string =>
  [
    `## ${title}\n`,
    '| when… | then… | proven by |',
    '| --- | --- | --- |',
    ...cases.map(({ when, result, proof }) => {
      const [file, ...name] = proof.split(': ');
      return `| ${[when, result, `\`${file}\`: ${name.join(': ')}`].map((cell) => cell.replace(/(?<!\\)\|/g, '\\|')).join(' | ')} |`;
    }),
  ].join('\n');
