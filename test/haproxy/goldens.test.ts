import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Labels } from '../../lib/edge/label';
import { type File, render } from '../../lib/haproxy/render';
import { type StageSettings, usualSettings } from '../../lib/haproxy/stage';
import { backend } from '../builders';

/**
 * A golden is `input ---------- files`, and its name is the rule. The input is JSON, service by service, in short form;
 * of the files it shows those that matter to the rule, but the real HAProxy checks all of them, warnings included.
 * `GOLDENS=write npx jest goldens` writes them again.
 */
const folder = join(__dirname, 'goldens');
const separator = '\n----------\n';
type Service = {
  routes: string[];
  labels?: Labels;
  servers?: Record<string, number>;
  stopped?: Record<string, number>;
};

const rendered = (input: string): readonly File[] => {
  type Given = Record<string, Service> & { certified?: string[]; settings?: Partial<StageSettings>; show: string[] };
  const { certified = [], settings, show: _, ...services } = JSON.parse(input) as Given;
  const backends = Object.entries(services as Record<string, Service>).map(([service, { routes, servers, ...given }]) =>
    backend(servers, {
      name: `demo.${service}`,
      service,
      routes: routes.map((route) => {
        const slash = route.indexOf('/');
        return { host: route.slice(0, slash), path: route.slice(slash), since: 100 };
      }),
      ...given,
    }),
  );
  return render({ backends, certified, settings: { ...usualSettings, ...settings } });
};

const shown = (input: string, files: readonly File[]): string => {
  const { show } = JSON.parse(input) as { show: string[] };
  return show.map((name) => `==> ${name}\n${files.find((file) => file.name === name)?.text}`).join('\n');
};

const temporary = mkdtempSync(join(tmpdir(), 'sluice-goldens-'));
afterAll(() => rmSync(temporary, { recursive: true }));

beforeAll(() => {
  const [key, certificate] = ['key.pem', 'certificate.pem'].map((name) => join(temporary, name)) as [string, string];
  const request = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=golden.invalid';
  execFileSync('openssl', [...request.split(' '), '-keyout', key, '-out', certificate], { stdio: 'ignore' });
  mkdirSync(join(temporary, 'certificates'));
  const pem = readFileSync(certificate, 'utf8') + readFileSync(key, 'utf8');
  writeFileSync(join(temporary, 'certificates/00-stand-in.pem'), pem);
});

describe.each(readdirSync(folder))('%s', (name) => {
  const [input = ''] = readFileSync(join(folder, name), 'utf8').split(separator);
  const files = rendered(input);

  it('is what it was', () => {
    if (process.env.GOLDENS === 'write') writeFileSync(join(folder, name), input + separator + shown(input, files));
    expect(readFileSync(join(folder, name), 'utf8')).toBe(input + separator + shown(input, files));
  });

  it('passes the real HAProxy, without a warning', () => {
    const home = join(temporary, name);
    const configuration = join(home, 'haproxy');
    mkdirSync(configuration, { recursive: true });
    symlinkSync(join(temporary, 'certificates'), join(home, 'certificates'));
    for (const file of files) writeFileSync(join(configuration, file.name), file.text);
    for (const state of ['sluice', 'start']) writeFileSync(join(home, `${state}.state`), '1\n');
    const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin`, SLUICE: home, SLUICE_RUN: home };

    const check = () =>
      execFileSync(process.env.HAPROXY ?? 'haproxy', ['-c', '-dW', '-f', configuration], { env, stdio: 'pipe' });

    expect(check).not.toThrow();
  });
});
