import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { benches } from '../../scripts/bench/benches';
import { performancePage } from '../../scripts/bench/pages';
import { chartOf } from '../../scripts/measure/chart';
import { allKept, imageOf } from '../../scripts/measure/page';
import { readTopics } from '../../scripts/reliability/cases';
import { reliabilityPage } from '../../scripts/reliability/page';

const docs = join(__dirname, '../../docs');
const read = (file: string): string => readFileSync(join(docs, file), 'utf8');

describe('what runs have measured is shown as it was kept', () => {
  it('in docs/performance.md', () => {
    expect(read('performance.md')).toBe(performancePage(allKept(), Object.keys(benches)));
  });

  it('in docs/reliability.md, below the cases of test/cases/', () => {
    expect(read('reliability.md')).toBe(reliabilityPage(readTopics(), allKept()));
  });

  it('in each chart, and no chart of an older run is left', () => {
    const drawn = Array.from(allKept(), ([name, { outcome }]) =>
      outcome.charts.map((chart, index) => [imageOf(name, index), chartOf(chart)] as const),
    ).flat();
    const images = readdirSync(join(docs, 'images')).filter((file) => file.startsWith('measured-'));
    expect(images.sort()).toStrictEqual(drawn.map(([file]) => file).sort());
    for (const [file, svg] of drawn) expect(read(`images/${file}`)).toBe(svg);
  });
});
