import { setTimeout as pause } from 'node:timers/promises';

import { sha256 } from '../generation/generation';
import { wantedServers } from '../haproxy/backend';
import { renderEmpty } from '../haproxy/render';
import { applyRunning, type Done, type Outcome, type Running, type Target } from './apply';
import type { Parameters } from './aws/calls';
import { heal, type Installed, prune, readInstalled, switchTo, undo } from './disk/installed';
import { atRest, keep, noteStarted, stage, writeAtRest } from './disk/staged';
import { certificateCheck, checkConfiguration, makeStandIn } from './haproxy/check';
import { settleShared } from './haproxy/membership';
import { EndedByReload } from './haproxy/reload';
import { isStartedWith, whyNotRunning } from './haproxy/serving';
import { currentWorker, type Haproxy, type Worker } from './haproxy/worker';
import { standIn, withoutRefused } from './pem';
import { fetchWanted, isInstalled, isLate, readCurrent, type Wanted } from './published';
import type { Settings } from './settings';

/** One line of JSON, without secrets. */
export type Report = { readonly generation: number } & Done;

/** Everything is applied but what the message names. */
export class Incomplete extends Error {}

export type Deps = { readonly settings: Settings; readonly parameters: Parameters; readonly haproxy: Haproxy };

/** Without a worker and a fault this is the first boot, which starts HAProxy later. */
type Found = Omit<Running, 'worker'> & { readonly worker?: Running['worker']; readonly fault?: string };

/** `worker` served in the end; `undefined` if HAProxy was not started yet. */
type Tried = { readonly worker: Worker | undefined } & ({ readonly report: Report } | { readonly error: unknown });

/**
 * Safe to repeat, and to cut off anywhere. A reload that a killed sync or an update of HAProxy's package has begun may replace the worker
 * meanwhile; then all is done again, once. @throws when HAProxy is not at the asked generation; it keeps what it had.
 */
export async function sync(asked: number, deps: Deps): Promise<Report> {
  const first = await tryOnce(asked, deps);
  const tried = (await isReplaced(first, deps.haproxy)) ? await tryOnce(asked, deps) : first;
  if ('error' in tried) throw tried.error;
  return tried.report;
}

async function isReplaced(tried: Tried, haproxy: Haproxy): Promise<boolean> {
  if (!tried.worker || ('error' in tried && tried.error instanceof EndedByReload)) return false;
  const serving = await currentWorker(haproxy).catch(() => undefined);
  return serving !== undefined && serving.pid !== tried.worker.pid;
}

/** @throws when what is wanted, or HAProxy, could not be read */
async function tryOnce(asked: number, { settings, parameters, haproxy }: Deps): Promise<Tried> {
  heal(settings.home, settings.link);
  undo(settings.link);
  const installed = readInstalled(settings.link) ?? installEmpty(settings);

  const source = { ...settings, parameters, pause, makeStandIn, now: Date.now(), clock: () => performance.now() };
  const current = await readCurrent(source, asked);
  const late = current && (await isLate(source, current, installed));
  const wanted = current && (late ? { ...installed, faults: [] } : await fetchWanted(source, current, installed));
  const found = await look({ settings, haproxy, installed });
  try {
    if (!wanted) return { worker: found.worker, report: nothingPublished(found) };
    const { worker, done, faults } = await apply(found, wanted);
    if (faults.length === 0) return { worker, report: { generation: wanted.number, ...done } };
    const words = `everything else of generation ${wanted.number} is applied, but ${faults.join('; ')}`;
    return { worker, error: new Incomplete(words) };
  } catch (error) {
    return { worker: found.worker, error };
  }
}

function installEmpty({ home, link }: Settings): Installed {
  const files = renderEmpty();
  const listed = files.map(({ name, text }) => ({ name, sha256: sha256(text), versions: [] }));
  const pems = [{ name: standIn, text: makeStandIn() }];
  const empty = { number: 0, modified: 0, generation: { files: listed, certificates: [] }, files, pems };
  const staging = stage(home, empty, undefined);
  writeAtRest(staging, files, atRest([]), false);
  const folder = keep(home, staging, 0, undefined);
  switchTo(link, folder);
  return { ...empty, folder };
}

async function look(run: Omit<Running, 'worker'>): Promise<Found> {
  const { settings, haproxy, installed } = run;
  const worker = await currentWorker(haproxy, settings.patienceMilliseconds);
  if (!worker) {
    const fault = await whyNotRunning(settings, installed);
    return { ...run, ...(fault && { fault }) };
  }
  if (worker.structure === undefined && !isStartedWith(settings.link, worker.master)) {
    throw new Error(
      `the HAProxy behind ${settings.masterSocket} is not Sluice's: it was not started with ${settings.link}/haproxy. Nothing was ` +
        'changed; does /etc/systemd/system/haproxy.service.d/sluice.conf exist?',
    );
  }
  noteStarted(settings.home);
  return { ...run, worker };
}

function nothingPublished({ installed, fault }: Found): Report {
  if (fault) throw new Incomplete(`nothing was ever published, and ${fault}`);
  return { generation: installed.number, changed: 'nothing', how: 'nothing was ever published' };
}

type Applied = Outcome & { readonly worker: Worker | undefined };

async function apply(found: Found, wanted: Wanted): Promise<Applied> {
  const { settings, installed, worker, fault } = found;
  const servers = wantedServers(wanted.files);
  const rest = atRest(servers);
  const target = { ...(await stageChecked(found, wanted, rest)), servers };
  const { folder, files } = target;
  try {
    const outcome = worker ? await applyRunning({ ...found, worker }, target) : prepared(target, fault);
    if (folder !== installed.folder) {
      switchTo(settings.link, folder);
      prune(settings.home, [folder, installed.folder]);
    }
    return { ...outcome, faults: [...target.faults, ...outcome.faults] };
  } finally {
    // A start must not believe the health that was written for a reload, in this run or in one that was cut off.
    writeAtRest(folder, files, rest, worker !== undefined);
  }
}

const prepared = ({ number }: Target, fault?: string): Applied => ({
  worker: undefined,
  done: { changed: 'prepared', how: `HAProxy was not started yet, it will start with generation ${number}` },
  faults: fault ? [fault] : [],
});

/** A refused configuration or a full disk must not stop tasks from joining and leaving; a refused certificate stops nothing else. */
async function stageChecked(found: Found, wanted: Wanted, rest: string): Promise<Omit<Target, 'servers'>> {
  const { settings, installed, worker } = found;
  if (isInstalled(wanted, installed)) return { ...wanted, folder: installed.folder };
  try {
    const staging = stage(settings.home, wanted, installed);
    const others = withoutRefusedCertificate(settings, wanted, staging, installed);
    if (others) return await stageChecked(found, others, rest);
    writeAtRest(staging, wanted.files, rest, false);
    return { ...wanted, folder: keep(settings.home, staging, wanted.number, installed) };
  } catch (fault) {
    if (worker) await settleShared(worker, wanted.files, installed.files);
    throw fault;
  }
}

/** `undefined` if HAProxy accepts everything. @throws when it refuses something other than a certificate. */
function withoutRefusedCertificate(
  { haproxy }: Settings,
  wanted: Wanted,
  staging: string,
  installed: Installed,
): Wanted | undefined {
  try {
    checkConfiguration(haproxy, staging, wanted.files, installed.files);
    return undefined;
  } catch (refusal) {
    const whyRefused = certificateCheck(haproxy, staging);
    const rest = withoutRefused(wanted, staging, installed, { makeStandIn, whyRefused });
    if (!rest) throw refusal;
    return { ...rest, files: wanted.files, faults: [...wanted.faults, ...rest.faults] };
  }
}
