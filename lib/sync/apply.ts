import { type Proof, proveServed } from '../entrance/proof';
import { describedStructure, type File } from '../haproxy/render';
import { boundAddresses, newAddresses, tlsAddress } from './addresses';
import { keepsHealth, tryWith, undo, writeAtRest, writeHealth } from './disk/disk';
import type { Installed } from './disk/installed';
import { serveCertificates } from './haproxy/certificates';
import { backendNames, change, type WantedServer, wantedServers } from './haproxy/change';
import { downServers } from './haproxy/down';
import { listenToNew } from './haproxy/foreign';
import type { Haproxy, ServingWorker, Worker } from './haproxy/master';
import { removeServers, runningServers, settleServers } from './haproxy/membership';
import { verifiedReload } from './haproxy/reload';
import type { RunningServer } from './haproxy/replies';
import { stateFile } from './haproxy/state-file';
import { standIn } from './pem';
import { probe } from './ports';
import type { Done, Outcome } from './report';
import type { Settings } from './settings';
import type { Wanted } from './wanted';

type World = { readonly settings: Settings; readonly haproxy: Haproxy };
type Target = Pick<Wanted, 'current' | 'files' | 'pems'> & { readonly folder: string };

/** Brings a running HAProxy to a checked folder: at run time where only servers and certificates differ, else by a reload. */
export async function applyRunning(
  world: World,
  worker: ServingWorker,
  target: Target,
  installed: Installed,
): Promise<Outcome> {
  const servers = wantedServers(target.files);
  const structure = wantedStructure(target);
  const difference = change(await runningServers(world.haproxy, worker), servers);
  const left = [...difference.leaving, ...[...difference.last.values()].flat()];
  const counts = { added: difference.arriving.length, left: left.length };

  const same = worker.structure === structure;
  const settled = same && (await settleServers(world.haproxy, worker, servers));
  const serving = settled ? worker : await reload(world, worker, target, installed, servers, structure);

  const renewed = renewedPems(target, installed);
  const folder = `${world.settings.link}/certificates`;
  const served = await serveCertificates(world.haproxy, serving, folder, target.pems, settled ? renewed : []);
  const certificates = (settled ? served.changed : renewed).filter((name) => name !== standIn);
  const proof = await prove(world, target);
  const removed = await removeServers(world.haproxy, serving, servers, world.settings.removeAfterSeconds);
  const running = await runningServers(world.haproxy, serving);
  const stat = await world.haproxy.worker(serving.pid, 'show stat');
  const down = downServers(stat, running);
  const foreign = await listenToNew(world.settings.home, stat, servers);
  const unwritten = noteSeen(target, running, servers);

  const how = settled ? 'at run time' : `by a reload${same ? ': the servers did not settle at run time' : ''}`;
  const changed = whatChanged(
    !same,
    counts.added + counts.left > 0,
    certificates.length > 0,
    target.folder !== installed.folder,
  );
  const what = { changed, ...(changed !== 'nothing' && { how }), ...counts, removed, certificates };
  return {
    done: { ...what, served: proof.served, ...(down && { down }), ...(foreign && { foreign }) },
    faults: [...served.faults, ...proof.faults, ...unwritten],
  };
}

/** For a reload that no sync makes. A full disk must not keep what was applied from counting: a reload believes what was seen before. */
function noteSeen(
  { files, folder }: Target,
  running: readonly RunningServer[],
  servers: readonly WantedServer[],
): readonly string[] {
  if (!keepsHealth(files)) return [];
  try {
    writeHealth(folder, stateFile(running, servers));
    return [];
  } catch (error) {
    return [`who passes its checks could not be written to ${folder}: ${(error as Error).message}; is the disk full?`];
  }
}

async function prove({ settings }: World, { current, files, pems }: Target): Promise<Proof> {
  const proxy = tlsAddress(files, settings.environment);
  if (!proxy) return { served: {}, faults: [] };
  const patienceMs = Math.min(settings.patienceMilliseconds, 3_000);
  return proveServed(proxy, current.generation.certificates, pems, patienceMs);
}

function whatChanged(structure: boolean, membership: boolean, certificates: boolean, files: boolean): Done['changed'] {
  if (structure) return 'structure';
  if (membership) return 'membership';
  if (certificates) return 'certificates';
  return files ? 'files' : 'nothing';
}

function wantedStructure({ files, folder }: Target): string {
  const structure = describedStructure(files.map(({ text }) => text).join('\n'));
  if (structure) return structure;
  throw new Error(
    `no file in ${folder} says "description sluice <digest>", so a reload could not be verified; nothing was changed`,
  );
}

async function reload(
  { settings, haproxy }: World,
  before: ServingWorker,
  { files, folder }: Target,
  installed: Installed,
  servers: readonly WantedServer[],
  structure: string,
): Promise<Worker> {
  await probe(
    newAddresses(boundAddresses(files, settings.environment), boundAddresses(installed.files, settings.environment)),
  );
  // Before the reload, so that health is carried over, and no connection kept from before leads to a task that stops.
  await settleShared(haproxy, before, files, installed);
  writeHealth(folder, stateFile(await runningServers(haproxy, before), servers));
  const attempt = tryWith(settings.link, folder);
  try {
    const worker = await verifiedReload(haproxy, before, structure);
    attempt.confirm();
    if (await settleServers(haproxy, worker, servers)) return worker;
    throw new Error('HAProxy was reloaded, but its servers are not the wanted ones; see its "show servers state"');
  } finally {
    undo(settings.link);
    writeAtRest(folder, files, true);
  }
}

/** Brings the servers up to date of the backends that stay as they are, whatever becomes of the rest. */
export async function settleShared(
  haproxy: Haproxy,
  worker: Worker,
  files: readonly File[],
  installed: Installed,
): Promise<void> {
  const before = backendNames(installed.files);
  const shared = new Set(backendNames(files).filter((name) => before.includes(name)));
  await settleServers(haproxy, worker, wantedServers(files), shared);
}

/** Names of the certificate files that are not installed as they are wanted. */
function renewedPems({ pems }: Target, installed: Installed): readonly string[] {
  const had = new Map(installed.pems.map(({ name, text }) => [name, text]));
  return pems.filter(({ name, text }) => had.get(name) !== text).map(({ name }) => name);
}
