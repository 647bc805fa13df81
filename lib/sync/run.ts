import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { printableJson } from '../printable';
import { instance, metadata } from './aws/imds';
import { tellSynced, told } from './aws/metric';
import { parameterStore } from './aws/parameters';
import { queries } from './aws/query';
import { claim, readPlace } from './claim';
import { wasStarted } from './disk/unseen';
import { noteHealth } from './haproxy/health';
import { haproxyAt } from './haproxy/master';
import { notServing } from './haproxy/serving';
import { explained, Incomplete } from './report';
import { readSettings, type Settings } from './settings';
import { sync } from './sync';

// The program on the instance. `node sync.cjs <generation>` brings HAProxy there, one at a time (flock);
// `node sync.cjs claim` takes over the address, `node sync.cjs health` prepares a reload. Each writes lines of JSON.
const began = performance.now();
const [asked = '0'] = process.argv.slice(2);
/** What waits for the next sync must not wait long for CloudWatch. */
const metricPatienceMilliseconds = 3_000;

const verbs: Readonly<Record<string, (settings: Settings) => Promise<object>>> = { claim: claimAddress, health };

start().then(
  (done) => tell({ ...done, milliseconds: Math.round(performance.now() - began) }),
  (error: Error) => {
    tell({
      generation: Number(asked),
      failed: explained(error).message,
      milliseconds: Math.round(performance.now() - began),
    });
    // The first boot goes on with what could be applied.
    process.exitCode = error instanceof Incomplete ? 2 : 1;
  },
);

async function start() {
  return (verbs[asked] ?? syncAndTell)(readSettings(process.env));
}

function syncAndTell(settings: Settings) {
  const { queryEndpoint, prefix, environment } = settings;
  const query = queries(queryEndpoint, metricPatienceMilliseconds, () => whoAmI(settings));
  const tell = tellSynced(query, prefix, environment.SLUICE_SLOT);
  // sync.sh reports what is wrong around this program, and sets the variable, so that an alarm is raised.
  return told(bringTo(settings), (isSynced) => tell(isSynced && !environment.SLUICE_FAULT));
}

async function bringTo(settings: Settings) {
  if (!/^\d{1,10}$/.test(asked))
    throw new Error(`"${asked}" is no generation; give a number, or 0 for whatever is current`);
  const { ssmEndpoint, masterSocket, patienceMilliseconds } = settings;
  const parameters = parameterStore(ssmEndpoint, patienceMilliseconds, () => whoAmI(settings));
  // HAProxy is starting beside this sync, or starting again; only before its first start it is not waited for.
  const absentMilliseconds = wasStarted(settings) ? patienceMilliseconds : 500;
  const haproxy = haproxyAt(masterSocket, patienceMilliseconds, absentMilliseconds);
  return sync(Number(asked), { settings, parameters, haproxy });
}

async function claimAddress(settings: Settings) {
  const { imdsEndpoint, patienceMilliseconds, queryEndpoint, masterSocket, environment } = settings;
  const record = join(settings.home, 'claimed');
  const claimed = await claim(readPlace(environment), {
    instanceId: () => metadata(imdsEndpoint, patienceMilliseconds)('instance-id'),
    notServing: () => notServing(haproxyAt(masterSocket, patienceMilliseconds), environment.SLUICE_HTTP ?? ':80'),
    query: queries(queryEndpoint, patienceMilliseconds, () => whoAmI(settings)),
    claimedBy: () => (existsSync(record) ? readFileSync(record, 'utf8').trim() : undefined),
    remember: (id) => writeFileSync(record, `${id}\n`),
    say: (words) => tell({ claim: words }),
    pause,
  });
  return { claim: claimed };
}

function health({ link, masterSocket, patienceMilliseconds }: Settings) {
  return noteHealth(link, haproxyAt(masterSocket, patienceMilliseconds));
}

function whoAmI({ imdsEndpoint, patienceMilliseconds, region }: Settings) {
  return instance(metadata(imdsEndpoint, patienceMilliseconds), region);
}

function tell(line: object): void {
  process.stdout.write(`${printableJson(line)}\n`);
}
