import { z } from 'zod';

/** What reconcile is told by its environment; `serverless.yml` says what each means. */
export type Settings = {
  readonly clusters: readonly string[];
  readonly prefix: string;
  readonly syncDocument: string;
  readonly proxyTag: string;
  readonly queueUrl: string;
  /** Where the proxies are reached from outside. */
  readonly addresses: readonly string[];
  /** The names of each certificate that should be served. */
  readonly certificates: readonly (readonly string[])[];
};

const environment = z.object({
  SLUICE_CLUSTERS: z.string().regex(/^[A-Za-z0-9_-]+(,[A-Za-z0-9_-]+)*$/, 'must be cluster names, comma separated'),
  SLUICE_PREFIX: z.string().regex(/^\/sluice\/[A-Za-z0-9-]+$/, 'must be /sluice/<stage>'),
  SLUICE_SYNC_DOCUMENT: z.string().min(1),
  SLUICE_PROXY_TAG: z.string().min(1),
  SLUICE_QUEUE_URL: z.url(),
  SLUICE_ADDRESSES: z.string().transform((list) => list.split(',').filter((address) => address !== '')),
  SLUICE_CERTIFICATES: z
    .string()
    .transform(parsed)
    .pipe(z.array(z.array(z.string().min(1)).min(1)).min(1)),
});

/** What is no JSON is no list of names either, and said so. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** @throws one error that names every setting that is missing or wrong. */
export function readSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const read = environment.safeParse(env);
  if (!read.success) {
    const problems = read.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    throw new Error(`Settings of the function are faulty, deploy them again: ${problems.join('; ')}`);
  }
  const { data } = read;
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
