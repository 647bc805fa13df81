import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const list = (folder: string): readonly string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => `${folder}/${file}`);

/** Only these folders, and the files with which a program begins, talk to the world. Everything else decides. */
const hands =
  /^lib\/((aws|certificates\/acme|entrance|sync\/(aws|haproxy|disk)|unmake)\/.*|certificates\/challenges\/resolver|lambda|sync\/(apply|run|sync))\.ts$/;
const deciding = list('lib').filter((file) => !hands.test(file));
/** `url` computes how a host is written in ASCII. */
const touch =
  /from '(@|node:(?!crypto'|url'|zlib'))|process\.env|Date\.now\(|performance\.now|new Date\(\)|Math\.random|setTimeout/;

it.each(deciding)('%s decides without touching the world', (file) => {
  expect(read(file)).not.toMatch(touch);
});

it.each(deciding)('%s imports nothing that touches it, but for types', (file) => {
  const imported = Array.from(read(file).matchAll(/^import (?!type )[^']*'(\.[^']*)'/gms), ([, path = '']) =>
    join(file, '..', `${path}.ts`),
  );
  expect(imported.filter((path) => hands.test(path))).toStrictEqual([]);
});

it.each(list('lib'))('%s stands on its own', (file) => {
  expect(read(file)).not.toMatch(/from '(\.\.\/)+(functions|scripts|test|resources)\//);
});

it.each([...list('scripts/local'), ...list('scripts/real')])('%s imports nothing of the program', (file) => {
  expect(read(file)).not.toMatch(/from '(\.\.\/)+(lib|functions|test)\//);
});

it('the sync waits by a clock that only goes forward; the wall clock is for signatures, and for what a certificate says', () => {
  const reading = list('lib/sync')
    .filter((file) => /\bDate\.now\b|new Date\(\)/.test(read(file)))
    .sort();
  expect(reading).toStrictEqual(['lib/sync/aws/http.ts', 'lib/sync/sync.ts']);
  expect(read('lib/sync/sync.ts').match(/Date\.now\(\)/g)).toHaveLength(1);
});
