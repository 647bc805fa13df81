import { setTimeout as pause } from 'node:timers/promises';

import { sha256 } from '../generation/generation';
import { render } from '../haproxy/render';
import { applyRunning, settleShared } from './apply';
import type { Parameters } from './aws/parameters';
import { type Current, isLate, readCurrent } from './current';
import { keep, prune, stage, switchTo, undo, writeAtRest } from './disk/disk';
import { heal } from './disk/heal';
import { type Installed, readInstalled } from './disk/installed';
import { isStartedWith, noteStarted, whyNotRunning } from './disk/unseen';
import { certificateCheck, checkConfiguration, makeStandIn } from './haproxy/check';
import { currentWorker, type Haproxy, type ServingWorker, type Worker } from './haproxy/master';
import { standIn } from './pem';
import { Incomplete, type Outcome, type Report } from './report';
import type { Settings } from './settings';
import { withoutRefused } from './usable';
import { fetchWanted, isInstalled, type Wanted } from './wanted';

export type World = { readonly settings: Settings; readonly parameters: Parameters; readonly haproxy: Haproxy };

/**
 * Brings HAProxy to at least the asked generation. Safe to repeat, and to cut off anywhere: each run compares with what runs.
 *
 * @throws when it did not get there; then HAProxy runs on with what it had.
 */
export async function sync(asked: number, world: World): Promise<Report> {
  const { settings, parameters } = world;
  heal(settings.home, settings.link);
  undo(settings.link);
  const installed = readInstalled(settings.link) ?? installEmpty(settings);
  const current = await readCurrent(parameters, settings.prefix, asked, settings.patienceMilliseconds, pause);
  if (!current) return nothingPublished(world, installed);

  const source = { parameters, prefix: settings.prefix, makeStandIn, now: Date.now() };
  const late = await isLate(parameters, settings.prefix, current, installed, { ...settings, pause });
  const wanted = late ? asInstalled(installed) : await fetchWanted(source, current, installed);
  const outcome = await apply(world, wanted, installed);
  if (outcome.faults.length > 0) {
    const faults = outcome.faults.join('; ');
    throw new Incomplete(`everything else of generation ${wanted.current.number} is applied, but ${faults}`);
  }
  return { generation: wanted.current.number, ...outcome.done };
}

/** What lets HAProxy start, and answer 404, before anything was published. */
function installEmpty(settings: Settings): Installed {
  const files = render({ backends: [], certified: [] });
  const listed = files.map(({ name, text }) => ({ name, sha256: sha256(text), versions: [] }));
  const current: Current = { number: 0, modified: 0, generation: { files: listed, certificates: [] } };
  const pems = [{ name: standIn, text: makeStandIn() }];
  const folder = keep(settings.home, stage(settings.home, current, files, pems, undefined), 0, undefined);
  switchTo(settings.link, folder);
  return { ...current, folder, files, pems };
}

async function nothingPublished(world: World, installed: Installed): Promise<Report> {
  const { fault } = await look(world, installed);
  if (fault) throw new Incomplete(`nothing was ever published, and ${fault}`);
  return { generation: installed.number, changed: 'nothing', how: 'nothing was ever published' };
}

type Seen = { readonly worker?: ServingWorker; readonly fault?: string };

/** The worker that serves. Without one and without a fault this is the first boot, and HAProxy is started later. */
async function look({ settings, haproxy }: World, installed: Installed): Promise<Seen> {
  const worker = await currentWorker(haproxy, settings.patienceMilliseconds);
  if (!worker) {
    const fault = await whyNotRunning(settings, installed);
    return fault ? { fault } : {};
  }
  if (worker.structure === undefined && !isStartedWith(settings.link, worker.master)) {
    throw new Error(
      `the HAProxy behind ${settings.masterSocket} is not Sluice's: it was not started with ${settings.link}/haproxy. Nothing was ` +
        'changed; does /etc/systemd/system/haproxy.service.d/sluice.conf exist?',
    );
  }
  noteStarted(settings);
  return { worker };
}

const asInstalled = (installed: Installed): Wanted => ({ current: installed, ...installed, faults: [] });

async function apply(world: World, wanted: Wanted, installed: Installed): Promise<Outcome> {
  const { settings } = world;
  const { worker, fault } = await look(world, installed);
  const target = await checked(world, worker, wanted, installed);
  const { folder } = target;
  const outcome = worker ? await applyRunning(world, worker, target, installed) : prepared(wanted, fault);
  if (folder !== installed.folder) {
    switchTo(settings.link, folder);
    prune(settings.home, [folder, installed.folder]);
  }
  // A run that was cut off at its reload has left the health of that moment.
  writeAtRest(folder, wanted.files, worker !== undefined);
  return { ...outcome, faults: [...target.faults, ...outcome.faults] };
}

/**
 * Stages what is wanted and has HAProxy check it. Neither what it refuses nor a full disk may hold up who comes and who leaves,
 * and a certificate that it refuses nothing else at all.
 */
async function checked(
  world: World,
  worker: Worker | undefined,
  wanted: Wanted,
  installed: Installed,
): Promise<Wanted & { readonly folder: string }> {
  if (isInstalled(wanted, installed)) return { ...wanted, folder: installed.folder };
  const { settings, haproxy } = world;
  const { current, files, pems } = wanted;
  try {
    const staging = stage(settings.home, current, files, pems, installed);
    const rest = withoutRefusedCertificate(settings, wanted, staging, installed);
    if (rest) return await checked(world, worker, rest, installed);
    return { ...wanted, folder: keep(settings.home, staging, current.number, installed) };
  } catch (fault) {
    if (worker) await settleShared(haproxy, worker, files, installed);
    throw fault;
  }
}

/**
 * What is left to be tried where HAProxy refuses a certificate; `undefined` where it takes everything.
 *
 * @throws when it refuses something else.
 */
function withoutRefusedCertificate(settings: Settings, wanted: Wanted, staging: string, installed: Installed) {
  try {
    checkConfiguration(settings.haproxy, staging);
    return undefined;
  } catch (refusal) {
    const whyRefused = certificateCheck(settings.haproxy, staging);
    const rest = withoutRefused(wanted, staging, installed, { makeStandIn, whyRefused });
    if (rest) return rest;
    throw refusal;
  }
}

const prepared = ({ current }: Wanted, fault?: string): Outcome => ({
  done: { changed: 'prepared', how: `HAProxy was not started yet, it will start with generation ${current.number}` },
  faults: fault ? [fault] : [],
});
