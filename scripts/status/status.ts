import { GetParametersCommand } from '@aws-sdk/client-ssm';

import { type Certificate, certificateIndexName, currentName, parseCertificates } from '../../lib/haproxy/generation';
import { alarmChecks } from './alarms';
import { certificateChecks } from './certificates';
import { type Check, looked } from './check';
import { findProxies, instanceChecks, type SeenProxy } from './proxies';
import { countWaiting, queueChecks } from './queue';
import type { Clients, Stage } from './stage';
import { generationChecks, runSyncs, taskChecks } from './syncs';

/** Looks at a whole stage with somebody's own rights. What cannot be looked at is a check that is not ok. */
export async function lookAt(clients: Clients, stage: Stage, now: () => number): Promise<readonly Check[]> {
  const before = await countWaiting(clients, stage).catch((error: Error) => error);
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
  return [...generationChecks(proxies, ran, published, stage), ...taskChecks(proxies, ran)];
}

type Known = { readonly published: number | undefined; readonly certificates: readonly Certificate[] };

async function readPublished({ ssm }: Clients, { prefix }: Stage): Promise<Known> {
  const [current, index] = [currentName(prefix), certificateIndexName(prefix)];
  const { Parameters = [] } = await ssm.send(new GetParametersCommand({ Names: [current, index] }));
  const found = (name: string) => Parameters.find(({ Name }) => Name === name);
  return { published: found(current)?.Version, certificates: parseCertificates(found(index)?.Value ?? '[]') };
}
