import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { madePages } from '../../scripts/docs/pages';
import { chartOf } from '../../scripts/measure/chart';
import { allKept, imageOf } from '../../scripts/measure/page';

const docs = join(__dirname, '../../docs');
const read = (file: string): string => readFileSync(join(docs, file), 'utf8');

describe('what runs have measured is shown as it was kept', () => {
  it.each(Object.entries(madePages()))('in docs/%s, which `npm run docs` writes', (name, text) => {
    expect(read(name)).toBe(text);
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
