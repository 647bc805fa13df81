import type { Address } from '../entrance/handshake';
import type { File } from '../haproxy/render';
import { fillVariables } from './haproxy/variables';

/** Where HAProxy answers by TLS, reached from the instance itself. */
export const tlsAddress = (
  files: readonly File[],
  environment: Readonly<Record<string, string | undefined>>,
): Address | undefined => boundAddresses(files, environment, / ssl /)[0];

/** The addresses in the `bind` lines of a configuration, its `${NAME-default}` filled from the environment as HAProxy does. */
export const boundAddresses = (
  files: readonly File[],
  environment: Readonly<Record<string, string | undefined>>,
  which = /^/,
): readonly Address[] =>
  files
    .flatMap(({ text }) => Array.from(text.matchAll(/^\s+bind\s+(?:"([^"]*)"|(\S+))(.*)/gm)))
    .flatMap(([, quoted, plain, options = '']) => (which.test(options) ? (quoted ?? plain ?? '') : []))
    .flatMap((words) => fillVariables(words, environment).split(','))
    .flatMap(address);

/** The addresses of `wanted` that are not in `bound`. */
export const newAddresses = (wanted: readonly Address[], bound: readonly Address[]): readonly Address[] =>
  wanted.filter(({ host, port }) => !bound.some((other) => other.host === host && other.port === port));

/** Sockets of other kinds (`/path`, `abns@…`) belong to nobody else. */
function address(words: string): readonly Address[] {
  const found = /^(?:ipv4@|ipv6@)?(\*|[\d.]*|[0-9a-fA-F:]+|\[[0-9a-fA-F:]+\]):(\d+)$/.exec(words);
  if (!found) return [];
  const host = found[1] === '' || found[1] === '*' ? '0.0.0.0' : (found[1] ?? '').replace(/[[\]]/g, '');
  return [{ host, port: Number(found[2]) }];
}
