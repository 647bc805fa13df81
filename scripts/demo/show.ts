import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startWorld, type World } from '../local/world';
import { freePorts, isFree } from '../real/loopback';
import { type Certificate, certificateOf, certified } from './certificate';
import { createJournal, type Journal } from './journal';
import { type Page, startPage } from './live/live';
import { type Load, startLoad } from './load';
import { createNarrator, type Narrator } from './narrator';
import { picture } from './picture';
import { certificateLines, certificateProblems, closing, countEnds, introduction, outcomeOf, problems } from './report';
import type { Secure } from './secure';
import { abortable, perform, perSecond, type Step, service } from './stage';
import { measure, type PlayedStep, type Progress } from './steps';
import type { Timeline } from './timeline';
import type { Visit } from './visit';

/** What the demo runs with. `signal` ends it at any time, with its reason; `atEnd` is called with what must be stopped then. */
export type Show = {
  readonly options: {
    readonly once: boolean;
    readonly json?: string | undefined;
    readonly picture?: string | undefined;
  };
  readonly story: readonly Step[];
  readonly timeline: Timeline;
  readonly startedAt: number;
  readonly signal: AbortSignal;
  readonly fail: (error: Error) => void;
  readonly atEnd: (stop: () => unknown) => void;
  /** Is called with the address of the page. */
  readonly opened?: (url: string) => void;
};

/** Ctrl-C was pressed. */
export class Interrupted extends Error {}

/** Visitors a second that keep the pages alive after the story. */
const gentlePerSecond = 20;

/** Plays the story, measures it, and stays up unless told not to. Returns what went wrong, as sentences. */
export async function play(show: Show): Promise<readonly string[]> {
  const { options, timeline, startedAt, signal, fail, atEnd } = show;
  const world = await raise(show);
  const certificate = certificateOf(world);
  const page = await startPage({ world, certificate, startedAt, port: await freePort(8081) });
  atEnd(page.stop);
  const pages = addresses(world, certificate.secure, rootFile(certificate.secure, atEnd), page.url);
  timeline.text(pages);
  show.opened?.(page.url);
  const journal = createJournal(service, world.controlPlaneDelayMs);
  const narrator = createNarrator(service, timeline, journal);
  atEnd(narrator.stop);
  // After the story only counts are kept, because this may run for days.
  let isTold = false;
  world.onMoment((moment) => {
    if (isTold) return;
    journal.addMoment(moment);
    narrator.moment(moment);
  });
  const standing = countEnds(gentlePerSecond);
  const origin = `http://${world.proxy.http.host}:${world.proxy.http.port}`;
  const onVisits = (visits: readonly Visit[]): void => {
    page.visits(visits);
    if (isTold) return void timeline.status(standing(visits));
    for (const see of [journal.addVisits, narrator.visits]) see(visits);
  };
  const load = startLoad(origin, onVisits, fail);
  atEnd(load.stop);

  const stage = { world, origin, load, journal, certificate, signal, ...both(narrator, page) };
  const steps = await perform(show.story, stage);
  await abortable(load.finish(), signal);
  narrator.finish();
  isTold = true;
  const { wrong, outcome } = await conclude(show, world, certificate, journal, steps);
  page.over(outcome);
  if (!options.once) await stayUp(load, show, pages);
  return wrong;
}

/** What the story says goes to the terminal and to the page. */
const both = (narrator: Narrator, page: Page) => ({
  announce: (progress: Progress): void => {
    narrator.announce(progress);
    page.step(progress);
  },
  remark: (...words: Parameters<Narrator['remark']>): undefined => {
    narrator.remark(...words);
    page.remark(...words);
  },
});

async function raise({ timeline, signal, atEnd }: Show): Promise<World> {
  timeline.text(
    'Packaging the program as a deploy would, and starting a played AWS and a real HAProxy, in a few seconds …',
  );
  const ports = { http: await freePort(8080), https: await freePort(8443), statistics: await freePort(8404) };
  const starting = startWorld({ ports, certificates: true });
  // The end may come before the world has started. A start that fails cleans up after itself.
  atEnd(async () => (await starting.catch(() => undefined))?.stop());
  const world = await abortable(starting, signal);
  timeline.text(introduction(world.proxy.haproxyVersion, world.controlPlaneDelayMs, perSecond));
  return world;
}

/** @returns the preferred port, or any other that is free now */
async function freePort(preferred: number): Promise<number> {
  const host = '127.0.0.1';
  if (await isFree(host, preferred)) return preferred;
  const [other = 0] = await freePorts(host, 1);
  return other;
}

const addresses = ({ proxy: { http, https, statistics } }: World, { host }: Secure, root: string, page: string) => `
Watch: ${page}

Open while it runs:
  http://${http.host}:${http.port}/
    a page that says which task answered
  https://${https.host}:${https.port}/
    the same by HTTPS, with a certificate for ${host} only: a browser warns
    curl --cacert ${root} \\
      --resolve ${host}:${https.port}:${https.host} https://${host}:${https.port}/
  http://${statistics.host}:${statistics.port}/
    HAProxy's statistics (brown: tasks that left, removed by a later sync)`;

/** The CA's root, in a file for `curl` until the end. */
function rootFile({ root }: Secure, atEnd: Show['atEnd']): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-demo-'));
  atEnd(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'root.pem'), root);
  return join(folder, 'root.pem');
}

/** Judges and reports what was seen. Returns what went wrong, and the outcome in one sentence. */
async function conclude(
  { options, timeline, startedAt }: Show,
  { ecs, proxy, controlPlaneDelayMs }: World,
  certificate: Certificate,
  journal: Journal,
  steps: readonly PlayedStep[],
): Promise<{ readonly wrong: readonly string[]; readonly outcome: string }> {
  const endedAt = Date.now();
  const seen = { ...journal, facts: journal.facts() };
  const measured = measure(steps, seen);
  const facts = certificate.swaps.length > 0 ? await certified(certificate, seen.visits) : undefined;
  const outsiders = ecs.tasks().flatMap((task) => (task.service === service ? [] : [task.id]));
  const wrong = [...problems(seen, outsiders, startedAt), ...(facts ? certificateProblems(facts) : [])];
  const unrouted = wrong.length === 0 ? ['The worker, which has no labels, got no request.'] : [];
  const remarks = [...(facts ? certificateLines(facts, certificate.swaps) : []), ...unrouted, ...wrong];
  timeline.text(closing(measured, remarks, controlPlaneDelayMs));
  if (options.json !== undefined) {
    const durationSeconds = Math.round((endedAt - startedAt) / 100) / 10;
    const versions = { haproxyVersion: proxy.haproxyVersion, nodeVersion: process.version };
    const found = { ...versions, controlPlaneDelayMs, durationSeconds, certificate: facts, ...measured };
    writeFileSync(options.json, `${JSON.stringify(found, undefined, 2)}\n`);
  }
  const outcome = outcomeOf(measured.totals);
  if (options.picture !== undefined) writeFileSync(options.picture, picture({ ...seen, steps, endedAt, outcome }));
  return { wrong, outcome };
}

async function stayUp(load: Load, { timeline, signal }: Show, pages: string): Promise<void> {
  timeline.text(`\nIt stays up, with ${gentlePerSecond} requests a second, until Ctrl-C.\n${pages}`);
  load.rate(gentlePerSecond);
  if (!signal.aborted) await once(signal, 'abort');
  // Ctrl-C is the expected end here; any other is a fault.
  if (!(signal.reason instanceof Interrupted)) throw signal.reason;
}
