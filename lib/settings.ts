import * as z from 'zod/mini';

import { inEnglish } from './fleet/fields';
import { prefixPattern, prefixRule } from './generation/generation';
import type { StageSettings } from './haproxy/stage';

export const stagePrefix = z.string().check(z.regex(prefixPattern, prefixRule));

export const commaSeparated = z.pipe(
  z.string(),
  z.transform((text: string) => text.split(',').filter((item) => item !== '')),
);
/** A text that is not empty. */
export const given = z.string().check(z.minLength(1));

/** Returns undefined for invalid JSON, so that the schema behind it reports the fault. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const json = z.pipe(z.string(), z.transform(parseJson));

/** Reads a function's settings. @throws one error that names every setting that is missing or wrong. */
export function readEnvironment<Shape extends z.ZodMiniType>(
  schema: Shape,
  environment: Readonly<Record<string, string | undefined>>,
): z.output<Shape> {
  const read = schema.safeParse(environment, inEnglish);
  if (read.success) return read.data;
  const problems = read.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new Error(`Settings of the function are faulty, deploy them again: ${problems.join('; ')}`);
}

/** The settings of reconcile; `serverless.yml` explains each. */
export type Settings = {
  readonly clusters: readonly string[];
  readonly prefix: string;
  readonly syncDocument: string;
  readonly proxyTag: string;
  readonly queueUrl: string;
  readonly alarmTopic: string;
  readonly addresses: readonly string[];
  readonly certificates: readonly (readonly string[])[];
  readonly stageSettings: StageSettings;
};

/** Checked again, because nothing else may enter a line of HAProxy's configuration. */
const stageSettings = z.pipe(
  json,
  z.object({
    trustedProxies: z.array(z.union([z.cidrv4(), z.cidrv6()], 'must be ranges of addresses')),
    minTls: z.enum(['1.2', '1.3']),
  }),
);

const errorPages = z.pipe(
  z.pipe(
    z.string(),
    z.transform((text: string) => parseJson(Buffer.from(text, 'base64').toString())),
  ),
  z.record(z.string(), z.string()),
);

const environment = z.object({
  SLUICE_CLUSTERS: z
    .string()
    .check(z.regex(/^[A-Za-z0-9_-]+(,[A-Za-z0-9_-]+)*$/, 'must be cluster names, comma separated')),
  SLUICE_PREFIX: stagePrefix,
  SLUICE_SYNC_DOCUMENT: given,
  SLUICE_PROXY_TAG: given,
  SLUICE_QUEUE_URL: z.url(),
  SLUICE_ALARM_TOPIC: z.string().check(z.regex(/^arn:[^:]+:sns:[^:]+:/, 'must be the ARN of a topic')),
  SLUICE_ADDRESSES: commaSeparated,
  SLUICE_CERTIFICATES: z.pipe(json, z.array(z.array(given).check(z.minLength(1))).check(z.minLength(1))),
  SLUICE_STAGE_SETTINGS: stageSettings,
  SLUICE_ERROR_PAGES: errorPages,
});

export function readSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const data = readEnvironment(environment, env);
  return {
    clusters: data.SLUICE_CLUSTERS.split(','),
    prefix: data.SLUICE_PREFIX,
    syncDocument: data.SLUICE_SYNC_DOCUMENT,
    proxyTag: data.SLUICE_PROXY_TAG,
    queueUrl: data.SLUICE_QUEUE_URL,
    alarmTopic: data.SLUICE_ALARM_TOPIC,
    addresses: data.SLUICE_ADDRESSES,
    certificates: data.SLUICE_CERTIFICATES,
    stageSettings: { ...data.SLUICE_STAGE_SETTINGS, errorPages: data.SLUICE_ERROR_PAGES },
  };
}
