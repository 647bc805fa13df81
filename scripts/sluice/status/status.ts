import { GetParametersCommand } from '@aws-sdk/client-ssm';

import { parameterStore } from '../../../lib/aws/published';
import {
  answerTo,
  type Certificate,
  certificateIndexName,
  currentName,
  parseCertificates,
} from '../../../lib/generation/generation';
import { overlaps } from '../../../lib/routes/routes';
import type { Stage } from '../stage';
import { Stop } from '../verb';
import { alarmChecks } from './alarms';
import { certificateChecks } from './certificates';
import { type Check, fine, looked } from './check';
import type { Clients } from './clients';
import { findProxies, instanceChecks, type SeenProxy } from './proxies';
import { countWaiting, queueChecks } from './queue';
import { generationChecks, runSyncs, taskChecks } from './syncs';

/** The sentence that a deploy prints too, if AWS refuses every call. */
const { blocked } = require('../../../resources/preflight/refusals.cjs') as {
  blocked: (error: Error, region: string) => string | undefined;
};

/**
 * Checks a whole stage with the user's own permissions.
 *
 * @throws Stop, when AWS refuses every call.
 */
export async function lookAt(clients: Clients, stage: Stage, now: () => number): Promise<readonly Check[]> {
  const before = await countWaiting(clients, stage).catch((error: Error) => error);
  const words = before instanceof Error ? blocked(before, stage.region) : undefined;
  if (words !== undefined) throw new Stop(words);
  const proxies = findProxies(clients, stage);
  const known = readPublished(clients, stage);
  const all = await Promise.all([
    looked(
      'proxies',
      proxies.then((found) => instanceChecks(found, stage)),
    ),
    looked(
      'sync',
      Promise.all([proxies, known]).then(([found, { published }]) => syncs(clients, stage, found, published)),
    ),
    looked(
      'certificates',
      Promise.all([proxies, known]).then(([found, { certificates }]) =>
        certificateChecks(found, certificates, stage, now()),
      ),
    ),
    looked('alarms', alarmChecks(clients, stage, now())),
  ]);
  const queue = await looked(
    'queue',
    before instanceof Error ? Promise.reject(before) : queueChecks(clients, stage, before),
  );
  const [instances = [], synced = [], served = [], alarms = []] = all;
  return [...instances, ...synced, ...queue, ...served, ...alarms];
}

async function syncs(clients: Clients, stage: Stage, proxies: readonly SeenProxy[], published: number | undefined) {
  const ran = await runSyncs(clients, stage, proxies);
  const { backends } = await parameterStore(clients.ssm, stage.prefix).readPublished(true);
  // This is allowed, so it is not a fault; it is shown because it may be a mistake.
  const shared = overlaps(backends).map((each) => fine('shared host', each));
  return [...generationChecks(proxies, ran, published, stage), ...shared, ...taskChecks(proxies, ran)];
}

type Known = { readonly published: number | undefined; readonly certificates: readonly Certificate[] };

async function readPublished({ ssm }: Clients, { prefix }: Stage): Promise<Known> {
  const [current, index] = [currentName(prefix), certificateIndexName(prefix)];
  const { Parameters = [] } = await ssm.send(new GetParametersCommand({ Names: [current, index] }));
  const found = (name: string) => answerTo(name, Parameters);
  return { published: found(current)?.Version, certificates: parseCertificates(found(index)?.Value ?? '[]') };
}
