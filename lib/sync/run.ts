import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { printableJson } from '../printable';
import { noteHealth } from './apply';
import { parameterStore, queries, reported, reportSynced } from './aws/calls';
import { instance, metadata } from './aws/http';
import { claim } from './claim';
import { isFile } from './disk/installed';
import { wasStarted } from './disk/staged';
import { notServing } from './haproxy/serving';
import { haproxyAt } from './haproxy/worker';
import { readSettings, type Settings } from './settings';
import { Incomplete, sync } from './sync';

// The program on the instance. `node sync.cjs <generation>` brings HAProxy there, one at a time (flock);
// `node sync.cjs claim` takes over the address, `node sync.cjs health` prepares a reload. Each writes lines of JSON.
const began = performance.now();
const [asked = '0'] = process.argv.slice(2);
/** The next sync waits for this one, so it must not wait long for CloudWatch. */
const metricPatienceMilliseconds = 3_000;

const verbs: Readonly<Record<string, (settings: Settings) => Promise<object>>> = { claim: claimAddress, health };

start().then(
  (done) => write({ ...done, milliseconds: Math.round(performance.now() - began) }),
  (error: Error) => {
    const failed = withAdvice(error);
    write({ generation: Number(asked), failed, milliseconds: Math.round(performance.now() - began) });
    // The first boot goes on with what could be applied.
    process.exitCode = error instanceof Incomplete ? 2 : 1;
  },
);

async function start() {
  return (verbs[asked] ?? syncAndReport)(readSettings(process.env));
}

function syncAndReport(settings: Settings) {
  const { queryEndpoint, prefix, slot, hasFault } = settings;
  const query = queries(queryEndpoint, metricPatienceMilliseconds, () => whoAmI(settings));
  const report = reportSynced(query, prefix, slot);
  return reported(bringTo(settings), (isSynced) => report(isSynced && !hasFault));
}

async function bringTo(settings: Settings) {
  if (!/^\d{1,10}$/.test(asked))
    throw new Error(`"${asked}" is not a generation; give a number, or 0 for the current one`);
  const { ssmEndpoint, masterSocket, patienceMilliseconds, home } = settings;
  const parameters = parameterStore(ssmEndpoint, patienceMilliseconds, () => whoAmI(settings));
  // HAProxy may be starting beside this sync, or starting again. Before its first start there is no need to wait.
  const absentMilliseconds = wasStarted(home) ? patienceMilliseconds : 500;
  const haproxy = haproxyAt(masterSocket, patienceMilliseconds, absentMilliseconds);
  return sync(Number(asked), { settings, parameters, haproxy });
}

async function claimAddress(settings: Settings) {
  const { imdsEndpoint, patienceMilliseconds, queryEndpoint, masterSocket, http } = settings;
  const record = join(settings.home, 'claimed');
  const claimed = await claim(settings.place(), {
    instanceId: () => metadata(imdsEndpoint, patienceMilliseconds)('instance-id'),
    notServing: () => notServing(haproxyAt(masterSocket, patienceMilliseconds), http),
    query: queries(queryEndpoint, patienceMilliseconds, () => whoAmI(settings)),
    claimedBy: () => (isFile(record) ? readFileSync(record, 'utf8').trim() : existsSync(record) ? '' : undefined),
    remember: (id) => writeFileSync(record, `${id}\n`),
    log: (words) => write({ claim: words }),
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

/** The error's message, with advice if the disk could not be written. */
function withAdvice({ message, code }: NodeJS.ErrnoException): string {
  if (!['ENOSPC', 'EDQUOT', 'EFBIG', 'EROFS', 'EIO', 'EACCES', 'EPERM'].includes(String(code))) return message;
  const advice = 'what is installed stays, and tasks come and go as long as HAProxy runs';
  return `the disk could not be written (${message}); make room on it, or repair it. Until then ${advice}`;
}

function write(line: object): void {
  process.stdout.write(`${printableJson(line)}\n`);
}
