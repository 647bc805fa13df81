import { setTimeout as pause } from 'node:timers/promises';

import { sha256 } from '../haproxy/generation';
import { render } from '../haproxy/render';
import { applyRunning, settleShared } from './apply';
import { wantedServers } from './change';
import { certificateCheck, checkConfiguration, makeStandIn } from './check';
import { type Current, isLate, readCurrent } from './current';
import { keep, prune, stage, switchTo, undo, writeState } from './disk';
import { heal } from './heal';
import { type Installed, readInstalled } from './installed';
import { currentWorker, type Haproxy, type Worker } from './master';
import { standIn } from './pem';
import { Incomplete, type Outcome, type Report } from './report';
import type { Settings } from './settings';
import type { Parameters } from './ssm';
import { stateFile } from './state';
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
  if (!current) return { generation: installed.number, changed: 'nothing', how: 'nothing was ever published' };

  const source = { parameters, prefix: settings.prefix, makeStandIn, now: Date.now() };
  const late = await isLate(parameters, settings.prefix, current, installed, { ...settings, pause });
  const wanted = late ? asInstalled(installed) : await fetchWanted(source, current, installed);
  const outcome = await apply(world, wanted, installed);
  const { faults } = outcome;
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

const asInstalled = (installed: Installed): Wanted => ({ current: installed, ...installed, faults: [] });

async function apply(world: World, wanted: Wanted, installed: Installed): Promise<Outcome> {
  const { settings, haproxy } = world;
  const worker = await currentWorker(haproxy);
  const target = await checked(world, worker, wanted, installed);
  const { folder } = target;
  const outcome = worker ? await applyRunning(world, worker, target, installed) : prepared(wanted);
  if (folder !== installed.folder) {
    switchTo(settings.link, folder);
    prune(settings.home, [folder, installed.folder]);
  }
  // A run that was cut off at its reload has left the health of that moment.
  writeState(folder, stateFile([], wantedServers(wanted.files)));
  return { ...outcome, faults: [...target.faults, ...outcome.faults] };
}

/**
 * Stages what is wanted, less the certificates that HAProxy refuses, and has HAProxy check it. Neither what it refuses nor a full
 * disk may hold up who comes and who leaves.
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
    const rest = withoutRefusedPairs(settings, staging, wanted, installed);
    if (rest) return await checked(world, worker, rest, installed);
    return { ...wanted, folder: keep(settings.home, staging, current.number, installed) };
  } catch (refusal) {
    if (worker) await settleShared(haproxy, worker, files, installed);
    throw refusal;
  }
}

/** What is wanted without the certificates that HAProxy refuses; `undefined` where it takes all of it. */
function withoutRefusedPairs(
  { haproxy }: Settings,
  staging: string,
  wanted: Wanted,
  installed: Installed,
): Wanted | undefined {
  try {
    return void checkConfiguration(haproxy, staging);
  } catch (refusal) {
    const whyRefused = certificateCheck(haproxy, staging);
    const rest = withoutRefused(wanted, staging, installed, { makeStandIn, whyRefused });
    if (rest) return rest;
    throw refusal;
  }
}

const prepared = ({ current }: Wanted): Outcome => ({
  done: { changed: 'prepared', how: `HAProxy is not running, it will start with generation ${current.number}` },
  faults: [],
});
