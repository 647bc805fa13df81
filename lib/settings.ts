import { z } from 'zod';

import { commaSeparated, parseJson, readEnvironment, stagePrefix } from './environment';

/** `serverless.yml` explains each setting. */
export type Settings = {
  readonly clusters: readonly string[];
  readonly prefix: string;
  readonly syncDocument: string;
  readonly proxyTag: string;
  readonly queueUrl: string;
  readonly addresses: readonly string[];
  readonly certificates: readonly (readonly string[])[];
};

const environment = z.object({
  SLUICE_CLUSTERS: z.string().regex(/^[A-Za-z0-9_-]+(,[A-Za-z0-9_-]+)*$/, 'must be cluster names, comma separated'),
  SLUICE_PREFIX: stagePrefix,
  SLUICE_SYNC_DOCUMENT: z.string().min(1),
  SLUICE_PROXY_TAG: z.string().min(1),
  SLUICE_QUEUE_URL: z.url(),
  SLUICE_ADDRESSES: commaSeparated,
  SLUICE_CERTIFICATES: z
    .string()
    .transform(parseJson)
    .pipe(z.array(z.array(z.string().min(1)).min(1)).min(1)),
});

export function readSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const data = readEnvironment(environment, env);
  return {
    clusters: data.SLUICE_CLUSTERS.split(','),
    prefix: data.SLUICE_PREFIX,
    syncDocument: data.SLUICE_SYNC_DOCUMENT,
    proxyTag: data.SLUICE_PROXY_TAG,
    queueUrl: data.SLUICE_QUEUE_URL,
    addresses: data.SLUICE_ADDRESSES,
    certificates: data.SLUICE_CERTIFICATES,
  };
}
