import * as z from 'zod/mini';

import { commaSeparated, given, parseJson, readEnvironment, stagePrefix } from '../settings';
import { certificateName } from './certificate';
import { keyTypes, type Wanted } from './due/state';

export type Settings = {
  readonly prefix: string;
  readonly queueUrl: string;
  /** `host` or `host:port`. */
  readonly addresses: readonly string[];
  readonly wanted: readonly Wanted[];
  readonly directory: string;
  readonly rehearsal: string | undefined;
  readonly contact: string;
  /** Ids of hosted zones. */
  readonly zones: readonly string[];
  /** `address:port`. */
  readonly resolver: string | undefined;
};

/** Without repeated names: a CA issues each once, so that the certificate would never be what was ordered. */
const names = z.pipe(
  z.array(given).check(z.minLength(1)),
  z.transform((all: string[]) => [...new Set(all)]),
);
const sets = z.array(names).check(z.minLength(1));

const environment = z.object({
  SLUICE_PREFIX: stagePrefix,
  SLUICE_QUEUE_URL: z.url(),
  SLUICE_ADDRESSES: commaSeparated,
  SLUICE_CERTIFICATES: z.pipe(
    z.string(),
    z.transform((text: string, context) => {
      const read = sets.safeParse(parseJson(text));
      if (read.success && new Set(read.data.map(certificateName)).size === read.data.length) return read.data;
      context.issues.push({
        code: 'custom',
        message: 'must be lists of names in JSON, no two of which begin with the same name',
        input: text,
      });
      return z.NEVER;
    }),
  ),
  SLUICE_KEY_TYPE: z.enum(keyTypes),
  SLUICE_ACME_DIRECTORY: z.url(),
  SLUICE_ACME_REHEARSAL: z.optional(z.url()),
  SLUICE_ACME_PROFILE: z.string(),
  SLUICE_CONTACT: z.email(),
  SLUICE_HOSTED_ZONE_ID: given,
  SLUICE_CHALLENGE_ZONES: commaSeparated,
  SLUICE_RESOLVER: z.optional(z.string().check(z.regex(/:\d+$/, 'must be address:port'))),
});

/** Where certificates of a directory are tried after a failure (Let's Encrypt, staging environment). */
const rehearsals: Readonly<Record<string, string>> = {
  'https://acme-v02.api.letsencrypt.org/directory': 'https://acme-staging-v02.api.letsencrypt.org/directory',
};

export function readSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const data = readEnvironment(environment, env);
  const [directory, keyType, profile] = [data.SLUICE_ACME_DIRECTORY, data.SLUICE_KEY_TYPE, data.SLUICE_ACME_PROFILE];
  return {
    prefix: data.SLUICE_PREFIX,
    queueUrl: data.SLUICE_QUEUE_URL,
    addresses: data.SLUICE_ADDRESSES,
    wanted: data.SLUICE_CERTIFICATES.map((names) => ({ names, keyType, directory, profile })),
    directory,
    rehearsal: data.SLUICE_ACME_REHEARSAL ?? rehearsals[directory],
    contact: data.SLUICE_CONTACT,
    zones: [...new Set([data.SLUICE_HOSTED_ZONE_ID, ...data.SLUICE_CHALLENGE_ZONES])],
    resolver: data.SLUICE_RESOLVER,
  };
}
