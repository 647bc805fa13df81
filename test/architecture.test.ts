import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const list = (folder: string): readonly string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => `${folder}/${file}`);

/** What talks to the world: AWS, Lambda's middleware, and the sync's hands on the instance. Everything else decides. */
const hands =
  /^lib\/(aws\/.*|certificates\/(ca|http|order|resolver)|cloudformation|handshake|lambda|renewal-deps|probe|sync\/(apply|check|disk|health|http|imds|installed|master|membership|post|probe|proof|query|reload|run|serving|ssm|sync|unseen))\.ts$/;
const deciding = list('lib').filter((file) => !hands.test(file));
const touch = /from '(@|node:(?!crypto'|zlib'))|process\.env|Date\.now\(|new Date\(\)|Math\.random|setTimeout/;

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

it.each(list('scripts/local'))('%s plays AWS without asking the program how', (file) => {
  expect(read(file)).not.toMatch(/from '(\.\.\/)+(lib|functions|test)\//);
});
