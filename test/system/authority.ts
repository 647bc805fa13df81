import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What an authority gives: a key with its certificate, and what leads from there to the root, PEM. */
export type Given = { readonly key: string; readonly chain: string };
export type Authority = {
  readonly root: string;
  /** From the one that signs leaves upwards, without the root. */
  readonly intermediates: readonly string[];
  readonly issue: (names: readonly string[], newKey?: string) => Given;
};

const ecdsa = 'ec -pkeyopt ec_paramgen_curve:prime256v1';

/** A root with intermediates below it, each the issuer of the next; the last signs leaves. */
export function authority(name: string, depth = 1): Authority {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-ca-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const at = (file: string) => join(folder, file);
  const openssl = (words: string) => execFileSync('openssl', words.split(' '), { stdio: 'pipe' });
  const isCa = 'basicConstraints=critical,CA:TRUE';
  openssl(
    `req -x509 -newkey ${ecdsa} -nodes -days 30 -subj /CN=${name}-root -addext ${isCa} -keyout ${at('0.key')} -out ${at('0.pem')}`,
  );

  const sign = (subject: string, file: string, issuer: string, extension: string, newKey: string): void => {
    writeFileSync(at('extension'), `${extension}\n`);
    openssl(`req -newkey ${newKey} -nodes -subj /CN=${subject} -keyout ${at(`${file}.key`)} -out ${at(`${file}.csr`)}`);
    const by = `-CA ${at(`${issuer}.pem`)} -CAkey ${at(`${issuer}.key`)} -CAcreateserial`;
    openssl(`x509 -req -in ${at(`${file}.csr`)} ${by} -days 20 -extfile ${at('extension')} -out ${at(`${file}.pem`)}`);
  };
  const read = (file: string) => readFileSync(at(file), 'utf8');
  for (let level = 1; level <= depth; level++) sign(`${name}-${level}`, `${level}`, `${level - 1}`, isCa, ecdsa);
  const intermediates = Array.from({ length: depth }, (_, level) => read(`${depth - level}.pem`));
  return {
    root: read('0.pem'),
    intermediates,
    issue: (names, newKey = ecdsa) => {
      const alternatives = `subjectAltName=${names.map((each) => `DNS:${each}`).join(',')}`;
      sign(names[0] ?? '', 'leaf', `${depth}`, alternatives, newKey);
      return { key: read('leaf.key') + read('leaf.pem'), chain: intermediates.join('') };
    },
  };
}
