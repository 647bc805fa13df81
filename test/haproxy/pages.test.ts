import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import fc from 'fast-check';

import { page } from '../../lib/haproxy/sections';
import { usualSettings } from '../../lib/haproxy/stage';
import { haproxy } from '../../scripts/real/haproxy';
import { path } from '../../scripts/real/processes';

const folder = mkdtempSync(join(tmpdir(), 'sluice-pages-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** HAProxy with a page of each text, at /0, /1, … */
async function serve(texts: readonly string[]) {
  const backends = texts.map(
    (text, n) => `backend p${n}\n${page(503, { ...usualSettings, errorPages: { 503: text } })}\n`,
  );
  const file = join(folder, 'haproxy.cfg');
  const host = '127.9.13.7:10081';
  writeFileSync(
    file,
    ['global\n    tune.bufsize 16384', 'defaults\n    mode http\n    timeout client 9s', `frontend f\n    bind ${host}`]
      .concat('    use_backend p%[path,bytes(1)]\n', ...backends)
      .join('\n'),
  );
  const child = spawn(haproxy, ['-db', '-f', file], { env: { ...process.env, PATH: path }, stdio: 'inherit' });
  const read = (n: number) =>
    fetch(`http://${host}/${n}`).then(async (answer) => Buffer.from(await answer.arrayBuffer()));
  for (let tries = 0; tries < 100; tries++) {
    const isUp = await read(0).catch(() => undefined);
    if (isUp) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { read, stop: () => child.kill() };
}

const special = fc.string({
  unit: fc.constantFrom(
    ...'"\\$%#{}[]()<>~\'`&; \n\r\t|a0x',
    '${HOME}',
    '%[src]',
    '\\n',
    '\\x41',
    'é',
    '€',
    '😀',
    '\u0085',
  ),
});
const anything = fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', ''));
const text = fc.oneof(special, anything).filter((text) => text.length > 0);

it('a page arrives byte by byte as it was written, whatever is in it', async () => {
  const most = ['x'.repeat(12_288), '"'.repeat(12_288), '\n'.repeat(12_288), '€'.repeat(4_096)];
  const texts = [...most, ...fc.sample(text, 300)];
  const { read, stop } = await serve(texts);
  try {
    for (const [n, sent] of texts.entries()) expect((await read(n)).toString()).toBe(sent);
  } finally {
    stop();
  }
});
