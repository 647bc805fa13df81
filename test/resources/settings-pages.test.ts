import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { render } from '../../lib/haproxy/render';

const { readPages, statuses } = require('../../resources/settings/pages.cjs') as {
  readPages: (folder: string) => { pages?: Record<string, string>; fault?: string };
  statuses: readonly string[];
};

/** What is read of a folder with these files. */
function read(files: Readonly<Record<string, string | Buffer>>) {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-pages-'));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const found = readPages(folder);
  rmSync(folder, { recursive: true });
  return found.fault?.replace(folder, 'pages') ?? found.pages;
}
const most = 'x'.repeat(12_288);

it.each<[string, Record<string, string | Buffer>, unknown]>([
  ['some pages', { '503.html': '<p>Später', '404.html': most }, { '503': '<p>Später', '404': most }],
  ['files of the system', { '.DS_Store': '', '503.html': 'a' }, { '503': 'a' }],
  ['no page', {}, '"pages" holds no page such as 503.html'],
  ['another page', { '5xx.html': 'a' }, '"5xx.html" is not one of 400, 404, 408, 502, 503, 504, with .html behind it'],
  ['an empty page', { '503.html': '' }, '503.html is empty'],
  ['a page in Latin-1', { '503.html': Buffer.from([0xe4]) }, '503.html is not text in UTF-8'],
  ['a page with a zero', { '503.html': 'a\0' }, '503.html is not text in UTF-8'],
  ['a large page', { '503.html': `${most}x` }, '503.html has 12289 bytes, and at most 12288 fit'],
  [
    'large pages',
    { '502.html': most, '503.html': most, '504.html': most },
    'they have 36864 bytes, and at most 32768 fit',
  ],
])('a folder with %s', (_, files, found) => {
  expect(read(files)).toStrictEqual(found);
});

it('a page may replace each one that HAProxy has for visitors, and none of these speaks of tasks', () => {
  const text = render({ backends: [], certified: [] })
    .map((file) => file.text)
    .join('');
  const pages = [...text.matchAll(/http-error status (\d+) .* string "(.*)"$/gm)];

  expect(pages.map(([, status]) => status).sort()).toStrictEqual(statuses);
  for (const [, , page] of pages) expect(page).not.toMatch(/task|backend|server [a-z0-9.-]+:|HAProxy/i);
  expect(
    pages.filter(([, , page]) => page?.includes('temporarily unavailable')).map(([, status]) => status),
  ).toStrictEqual(['502', '503', '504']);
});
