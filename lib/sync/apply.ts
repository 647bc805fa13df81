import { sameUsers } from '../edge/users';
import { type Proof, proveServed } from '../entrance/proof';
import { type WantedServer, wantedServers } from '../haproxy/backend';
import { describedStructure } from '../haproxy/render';
import { type Change, change, changing, counts, stateFile } from './change';
import { confirm, type Installed, isTried, readInstalled, tryWith, undo } from './disk/installed';
import { keepsHealth, writeHealth } from './disk/staged';
import type { Down, Foreign } from './faulty-tasks';
import { serveCertificates } from './haproxy/certificates';
import { boundAddresses, refuseTakenPorts, tlsAddress } from './haproxy/check';
import { settleMap } from './haproxy/map';
import { removeServers, runningServers, settleServers, settleShared } from './haproxy/membership';
import { ended, hasEnded, verifiedReload } from './haproxy/reload';
import { faultyTasks } from './haproxy/serving';
import { currentWorker, type Haproxy, type ServingWorker, type Worker } from './haproxy/worker';
import { standIn } from './pem';
import type { Wanted } from './published';
import type { RunningServer } from './replies';
import type { Settings } from './settings';

/** `faults` say why single certificates, or one file, were not applied; they stop nothing else. */
export type Outcome = { readonly done: Done; readonly faults: readonly string[] };

/** `prepared`: installed for a HAProxy that the first boot starts later. `files`: only what HAProxy does not read, such as comments. */
export type Done =
  | { readonly changed: 'nothing' | 'prepared'; readonly how: string }
  | ({ readonly changed: 'nothing' } & Figures)
  | ({
      readonly changed: 'files' | 'membership' | 'routes' | 'certificates' | 'structure';
      readonly how: string;
    } & Figures);

type Figures = {
  readonly added: number;
  readonly left: number;
  readonly removed: number;
  readonly certificates: readonly string[];
  /** Serials in the proxy's own handshakes, by certificate. */
  readonly served: Readonly<Record<string, string>>;
  readonly down?: Down;
  readonly foreign?: Foreign;
};

export type Target = Wanted & { readonly folder: string; readonly servers: readonly WantedServer[] };

export type Running = {
  readonly settings: Settings;
  readonly haproxy: Haproxy;
  readonly worker: ServingWorker;
  readonly installed: Installed;
};

type Plan = Running & {
  readonly target: Target;
  readonly servers: readonly WantedServer[];
  readonly structure: string;
  readonly hasNewStructure: boolean;
  /** What HAProxy ran when the sync came. */
  readonly found: readonly RunningServer[];
  readonly difference: Change;
  /** Certificate files that differ from the installed ones. */
  readonly renewed: readonly string[];
  /** The folder, as HAProxy names it. */
  readonly certificates: string;
};

type Applied = {
  readonly worker: Worker;
  readonly running: readonly RunningServer[];
  readonly how: string;
  readonly routes: boolean;
  readonly certificates: readonly string[];
  readonly faults: readonly string[];
};

/** At run time if only servers, routes and certificates differ, else by a reload. */
export async function applyRunning(running: Running, target: Target): Promise<Outcome & { readonly worker: Worker }> {
  const plan = await planned(running, target);
  const { settings, haproxy, worker, structure } = plan;
  try {
    const applied = (await atRunTime(plan)) ?? (await byReload(plan));
    const outcome = await report(plan, applied);
    // Last: if HAProxy ends with what it was reloaded with, systemd must start what served before.
    confirm(settings.link);
    return { ...outcome, worker: applied.worker };
  } catch (error) {
    throw isTried(settings.link) && (await hasEnded(haproxy, worker)) ? ended(structure) : error;
  } finally {
    undo(settings.link);
  }
}

async function report(plan: Plan, applied: Applied): Promise<Outcome> {
  const proof = await prove(plan);
  const { faults, removed, ...faulty } = await checkServers(plan, applied);

  const certificates = applied.certificates.filter((name) => name !== standIn);
  const changed = whatChanged(plan, { ...applied, certificates });
  const what = changed === 'nothing' ? { changed } : { changed, how: applied.how };
  return {
    done: { ...what, ...counts(plan.difference), removed, certificates, served: proof.served, ...faulty },
    faults: [...applied.faults, ...proof.faults, ...faults],
  };
}

function whatChanged(plan: Plan, { routes, certificates }: Applied): Exclude<Done['changed'], 'prepared'> {
  const { added, left } = counts(plan.difference);
  if (plan.hasNewStructure) return 'structure';
  if (added + left > 0) return 'membership';
  if (routes) return 'routes';
  if (certificates.length > 0) return 'certificates';
  return plan.target.folder === plan.installed.folder ? 'nothing' : 'files';
}

async function planned(running: Running, target: Target): Promise<Plan> {
  const { worker, installed, settings } = running;
  const structure = describedStructure(target.files.map(({ text }) => text).join('\n'));
  if (structure === undefined) {
    throw new Error(
      `no file in ${target.folder} says "description sluice <digest>", so a reload could not be verified; nothing was changed`,
    );
  }
  const { servers } = target;
  const hasNewStructure = worker.structure !== structure || !sameUsers(target.files, installed.files);
  const found = await runningServers(worker);
  const had = new Map(installed.pems.map(({ name, text }) => [name, text]));
  return {
    ...running,
    ...{ target, servers, structure, hasNewStructure, found },
    difference: change(found, servers),
    renewed: target.pems.filter(({ name, text }) => had.get(name) !== text).map(({ name }) => name),
    certificates: `${settings.link}/certificates`,
  };
}

/** Law 4: membership never reloads. Returns `undefined` if only a reload helps. */
async function atRunTime(plan: Plan): Promise<Applied | undefined> {
  const { worker, servers, found, difference, target, renewed } = plan;
  if (plan.hasNewStructure) return undefined;
  const { isSettled, running } = await settleServers(worker, servers, { running: found, difference });
  if (!isSettled) return undefined;
  const served = await serveCertificates(worker, plan.certificates, target.pems, renewed);
  // Last, because a route may lead to other servers, and HTTP to a certificate.
  const routes = await settleMap(worker, plan.settings.link, target.files);
  return { worker, running, how: 'at run time', routes, certificates: served.changed, faults: served.faults };
}

async function byReload(plan: Plan): Promise<Applied> {
  const { settings, haproxy, worker: before, installed, target, servers, structure } = plan;
  const bound = boundAddresses(installed.files, settings.environment);
  await refuseTakenPorts(boundAddresses(target.files, settings.environment), bound);
  // Before the reload, so that health is carried over, and no connection kept from before leads to a task that stops.
  await settleShared(before, target.files, installed.files);
  writeHealth(target.folder, stateFile(await runningServers(before), servers));
  tryWith(settings.link, target.folder);
  const worker = await verifiedReload(haproxy, before, structure);
  const { isSettled, running } = await settleServers(worker, servers);
  if (!isSettled)
    throw new Error('HAProxy was reloaded, but its servers are not the wanted ones; see its "show servers state"');
  const routes = await settleMap(worker, settings.link, target.files);
  const { faults } = await serveCertificates(worker, plan.certificates, target.pems, []);
  const how = `by a reload${plan.hasNewStructure ? '' : ': the servers did not settle at run time'}`;
  return { worker, running, how, routes, certificates: plan.renewed, faults };
}

/** Law 13: a certificate counts when it is served. */
async function prove({ settings, target: { files, generation, pems } }: Plan): Promise<Proof> {
  const proxy = tlsAddress(files, settings.environment);
  if (!proxy) return { served: {}, faults: [] };
  return proveServed(proxy, generation.certificates, pems, Math.min(settings.patienceMilliseconds, 3_000));
}

/** Runs after the change: removes drained servers, reports those that are down or foreign, and writes the health of all. */
async function checkServers({ settings, target, servers, difference }: Plan, { worker, running }: Applied) {
  const removed = await removeServers(worker, running, servers, settings.removeAfterSeconds);
  const isQuiet = changing(difference).length === 0;
  const report = { removed, ...(await faultyTasks(worker, settings.home, running, servers, isQuiet)), faults: [] };
  try {
    if (keepsHealth(target.files)) writeHealth(target.folder, stateFile(running, servers));
    return report;
  } catch (error) {
    // On a full disk a reload that no sync makes uses older health, so the rest of the sync goes on.
    const what = `the health of the servers could not be written to ${target.folder}: ${(error as Error).message}`;
    return { ...report, faults: [`${what}; is the disk full?`] };
  }
}

/** For a reload that no sync makes. @throws when HAProxy does not answer; the reload then uses what the last sync wrote. */
export async function noteHealth(link: string, haproxy: Haproxy): Promise<{ readonly health: string }> {
  const installed = readInstalled(link);
  if (!installed || !keepsHealth(installed.files)) return { health: 'the installed configuration keeps none' };
  const worker = await currentWorker(haproxy);
  if (!worker) throw new Error('could not read the health of the servers, because HAProxy is not running');
  const [running, servers] = [await runningServers(worker), wantedServers(installed.files)];
  writeHealth(installed.folder, stateFile(running, servers));
  const up = running.filter((server) => server.up && server.admitted);
  return { health: `${up.length} of ${servers.length} servers answer` };
}
