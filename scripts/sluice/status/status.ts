import { getParameters } from '../../../lib/aws/parameters';
import { parameterStore } from '../../../lib/aws/published';
import type { Published } from '../../../lib/decide';
import { type Certificate, certificateIndexName, parseCertificates } from '../../../lib/generation/generation';
import type { Stage } from '../stage';
import { Stop } from '../verb';
import { alarmChecks } from './alarms';
import { certificateChecks } from './certificates';
import { type Check, fine, looked, wrong } from './check';
import type { Clients } from './clients';
import { findProxies, instanceChecks, type SeenProxy } from './proxies';
import { countWaiting, queueChecks } from './queue';
import { lookAtServices } from './services';
import { runSyncs, syncChecks, taskChecks, type Waits } from './syncs';

/** The sentence that a deploy prints too, if AWS refuses every call. */
const { blocked } = require('../../../resources/preflight/refusals.cjs') as {
  blocked: (error: Error, region: string) => string | undefined;
};

export type Deps = Waits & { readonly now: () => number };

/**
 * Checks a whole stage with the user's own permissions. What stands above may be the cause of what stands below.
 *
 * @throws Stop, when AWS refuses every call.
 */
export async function lookAt(clients: Clients, stage: Stage, deps: Deps): Promise<readonly Check[]> {
  deps.progress(`Looking at stage ${stage.stage} …`);
  const before = await countWaiting(clients, stage).catch((error: Error) => error);
  const words = before instanceof Error ? blocked(before, stage.region) : undefined;
  if (words !== undefined) throw new Stop(words);
  const proxies = findProxies(clients, stage);
  const published = parameterStore(clients.ssm, stage.prefix).readPublished(true);
  const look = (what: string, checks: Promise<readonly Check[]>) => looked(what, stage.region, checks);
  const [instances, current, synced, services, served, alarms] = await Promise.all([
    look(
      'proxies',
      proxies.then((found) => instanceChecks(found, stage)),
    ),
    look(
      'published',
      published.then((found) => publishedChecks(found, stage)),
    ),
    look('sync', syncs(clients, stage, proxies, published, deps)),
    look(
      'services',
      published.then((found) => lookAtServices(clients, found, stage, deps.now())),
    ),
    look(
      'certificates',
      Promise.all([proxies, readCertificates(clients, stage)]).then(([found, certificates]) =>
        certificateChecks(found, certificates, stage, deps.now()),
      ),
    ),
    look('alarms', alarmChecks(clients, stage, deps.now())),
  ]);
  const moving = before instanceof Error ? Promise.reject(before) : queueChecks(clients, stage, before, deps.pause);
  const queue = await look('queue', moving);
  deps.progress('');
  return [instances, current, synced, services, queue, served, alarms].flat();
}

/** The stored ones: `readPublished` falls back to the published ones. */
async function readCertificates({ ssm }: Clients, { prefix }: Stage): Promise<readonly Certificate[]> {
  const name = certificateIndexName(prefix);
  return parseCertificates((await getParameters(ssm, [name])).get(name)?.Value ?? '[]');
}

export const publishedChecks = ({ number, faults }: Published, stage: Stage): readonly Check[] => {
  const log = `read the log group ${stage.log('reconcile')}`;
  if (number === 0)
    return [wrong('published', 'nothing was ever published', `the next tick publishes; if it does not, ${log}`)];
  return faults.length > 0
    ? faults.map((fault) => wrong('published', fault, `wait for the next tick; if it stays, ${log}`))
    : [fine('published', `generation ${number}`)];
};

async function syncs(
  clients: Clients,
  stage: Stage,
  found: Promise<readonly SeenProxy[]>,
  published: Promise<Published>,
  deps: Deps,
): Promise<readonly Check[]> {
  const proxies = await found;
  // Known before the syncs run: a proxy that gets further is well.
  const number = await published.then((known) => known.number).catch(() => undefined);
  const ran = await runSyncs(clients, stage, proxies, deps);
  return [...syncChecks(proxies, ran, number, stage), ...taskChecks(proxies, ran)];
}
