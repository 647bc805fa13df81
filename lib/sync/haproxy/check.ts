import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

import type { Address } from '../../entrance/handshake';
import { backendNames } from '../../haproxy/backend';
import type { File } from '../../haproxy/render';
import { mapName } from '../../haproxy/sections';
import { fillVariables } from './membership';
import { shortened } from './worker';

/**
 * Where services have other tasks, only their files are new, and thousands of others need not be read again.
 * @param folder staged
 * @throws when HAProxy refuses it; the message quotes its words
 */
export function checkConfiguration(
  haproxy: string,
  folder: string,
  wanted: readonly File[],
  installed: readonly File[],
): void {
  const at = (name: string) => join(folder, 'haproxy', name);
  const names = namesToCheck(wanted, installed)?.map(at);
  if (names && refusal(haproxy, names, folder) === undefined) return;
  const refused = refusal(haproxy, [join(folder, 'haproxy')], folder);
  if (refused !== undefined) throw new Error(`HAProxy refuses the configuration, what runs is kept${refused}`);
}

/** What all services share, and the services that differ; `undefined` if the structure differs. No file refers to a service's. */
export function namesToCheck(wanted: readonly File[], installed: readonly File[]): readonly string[] | undefined {
  const had = new Map(installed.map(({ name, text }) => [name, text]));
  const isShared = ({ name }: File) => !name.startsWith('50-');
  const isSame = ({ name, text }: File) => had.get(name) === text;
  const names = backendNames(wanted);
  const isSameStructure = wanted.every((file) => isSame(file) || file.name === mapName || !isShared(file));
  if (!isSameStructure || names.length !== new Set(names).size) return undefined;
  return wanted.flatMap((file) => (isShared(file) || !isSame(file) ? file.name : [])).sort();
}

/** Why HAProxy refuses a certificate, such as a key that is too short. @param folder staged; it gets one more file */
export const certificateCheck =
  (haproxy: string, folder: string) =>
  (path: string): string | undefined => {
    const file = join(folder, 'certificate.cfg');
    const times = ['client', 'server', 'connect'].map((side) => `    timeout ${side} 1s\n`);
    const bind = `    bind 127.0.0.1:443 ssl crt "${path}"\n    http-request deny\n`;
    writeFileSync(file, `defaults\n    mode http\n${times.join('')}frontend certificate\n${bind}`);
    return refusal(haproxy, [file], folder);
  };

/** `undefined` if HAProxy accepts it. */
function refusal(haproxy: string, configuration: readonly string[], folder: string): string | undefined {
  const options = configuration.flatMap((path) => ['-f', path]);
  const { error, status, stderr } = spawnSync(haproxy, ['-c', ...options], {
    env: { ...process.env, SLUICE: folder },
    // With a state file HAProxy writes a line for each server.
    maxBuffer: 2 ** 26,
    encoding: 'utf8',
    timeout: 20_000,
  });
  if (error) throw new Error(`could not run ${haproxy} to check the configuration: ${error.message}`, { cause: error });
  return status === 0 ? undefined : shortened(stderr);
}

/** Node.js cannot make a certificate, so `openssl` does. */
export function makeStandIn(): string {
  const words =
    'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 -subj /CN=stand-in.invalid -keyout - -out -';
  const { error, status, stdout } = spawnSync('openssl', words.split(' '), { encoding: 'utf8', timeout: 20_000 });
  if (error || status !== 0)
    throw new Error('could not make the stand-in certificate; is openssl installed?', { cause: error });
  return stdout;
}

type Environment = Readonly<Record<string, string | undefined>>;

export const tlsAddress = (files: readonly File[], environment: Environment): Address | undefined =>
  boundAddresses(files, environment, / ssl /)[0];

/** Variables are filled from the environment, as HAProxy does. */
export const boundAddresses = (files: readonly File[], environment: Environment, which = /^/): readonly Address[] =>
  files
    .flatMap(({ text }) => Array.from(text.matchAll(/^\s+bind\s+(?:"([^"]*)"|(\S+))(.*)/gm)))
    .flatMap(([, quoted, plain, options = '']) => (which.test(options) ? (quoted ?? plain ?? '') : []))
    .flatMap((words) => fillVariables(words, environment).split(','))
    .flatMap(address);

/** Sockets of other kinds (`/path`, `abns@…`) cannot be taken. */
function address(words: string): readonly Address[] {
  const found = /^(?:ipv4@|ipv6@)?(\*|[\d.]*|[0-9a-fA-F:]+|\[[0-9a-fA-F:]+\]):(\d+)$/.exec(words);
  if (!found) return [];
  const host = found[1] === '' || found[1] === '*' ? '0.0.0.0' : (found[1] ?? '').replace(/[[\]]/g, '');
  return [{ host, port: Number(found[2]) }];
}

/**
 * Danger: a bind that fails at a reload stops all traffic for two seconds, and `haproxy -c` does not try it. So this binds each address for
 * a moment, except those that HAProxy has. @throws for one that it cannot bind.
 */
export async function refuseTakenPorts(wanted: readonly Address[], bound: readonly Address[]): Promise<void> {
  for (const { host, port } of wanted) {
    if (bound.some((other) => other.host === host && other.port === port)) continue;
    await new Promise<void>((resolve, reject) => {
      const server = createServer();
      server.once('error', (cause: NodeJS.ErrnoException) => {
        const why = cause.code === 'EADDRINUSE' ? 'another program has it' : cause.code;
        const words = `HAProxy was not reloaded: it could not bind ${host}:${port} (${why}); what runs is kept`;
        reject(new Error(words, { cause }));
      });
      server.listen({ host, port, exclusive: true }, () => server.close(() => resolve()));
    });
  }
}
