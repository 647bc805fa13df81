import { setTimeout as pause } from 'node:timers/promises';

import { sha256 } from '../haproxy/generation';
import { render } from '../haproxy/render';
import { applyRunning, settleShared } from './apply';
import { checkConfiguration, makeStandIn } from './check';
import { type Current, readCurrent } from './current';
import { keep, prune, stage, switchTo, undo, writeAtRest } from './disk';
import { type Installed, readInstalled } from './installed';
import { currentWorker, type Haproxy, type ServingWorker, type Worker } from './master';
import { standIn } from './pem';
import { Incomplete, type Outcome, type Report } from './report';
import type { Settings } from './settings';
import type { Parameters } from './ssm';
import { isStartedWith, noteStarted, whyNotRunning } from './unseen';
import { fetchWanted, isInstalled, type Wanted } from './wanted';

export type World = { readonly settings: Settings; readonly parameters: Parameters; readonly haproxy: Haproxy };

/**
 * Brings HAProxy to at least the asked generation. Safe to repeat, and to cut off anywhere: each run compares with what runs.
 *
 * @throws when it did not get there; then HAProxy runs on with what it had.
 */
export async function sync(asked: number, world: World): Promise<Report> {
  const { settings, parameters } = world;
  undo(settings.link);
  const installed = readInstalled(settings.link) ?? installEmpty(settings);
  const current = await readCurrent(parameters, settings.prefix, asked, settings.patienceMilliseconds, pause);
  if (!current) return nothingPublished(world, installed);

  const source = { parameters, prefix: settings.prefix, makeStandIn };
  const wanted = isOlder(current, installed) ? asInstalled(installed) : await fetchWanted(source, current, installed);
  const outcome = await apply(world, wanted, installed);
  const faults = [...wanted.faults, ...outcome.faults];
  if (faults.length > 0)
    throw new Incomplete(`everything else of generation ${wanted.current.number} is applied, but ${faults.join('; ')}`);
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

/** A late answer never puts old state back. A pointer that was deleted and made anew counts from 1 again, but is newer. */
const isOlder = (current: Current, installed: Installed): boolean =>
  current.number < installed.number && current.modified <= installed.modified;

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
  const folder = isInstalled(wanted, installed) ? installed.folder : await checked(world, worker, wanted, installed);
  const outcome = worker
    ? await applyRunning(world, worker, { ...wanted, folder }, installed)
    : prepared(wanted, fault);
  if (folder !== installed.folder) {
    switchTo(settings.link, folder);
    prune(settings.home, [folder, installed.folder]);
  }
  // A run that was cut off at its reload has left the health of that moment.
  writeAtRest(folder, wanted.files, worker !== undefined);
  return outcome;
}

/** Stages what is wanted and has HAProxy check it. What it refuses must not hold up who comes and who leaves. */
async function checked(
  { settings, haproxy }: World,
  worker: Worker | undefined,
  { current, files, pems }: Wanted,
  installed: Installed,
): Promise<string> {
  const staging = stage(settings.home, current, files, pems, installed);
  try {
    checkConfiguration(settings.haproxy, staging);
  } catch (refusal) {
    if (worker) await settleShared(haproxy, worker, files, installed);
    throw refusal;
  }
  return keep(settings.home, staging, current.number, installed);
}

const prepared = ({ current }: Wanted, fault?: string): Outcome => ({
  done: { changed: 'prepared', how: `HAProxy was not started yet, it will start with generation ${current.number}` },
  faults: fault ? [fault] : [],
});
