import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startWorld, type World } from '../local/world';
import { freePorts, isFree } from '../real/loopback';
import { type Certificate, certificateOf, certified } from './certificate';
import { answered } from './fate';
import { createJournal, type Journal } from './journal';
import { type Load, startLoad } from './load';
import { createNarrator } from './narrator';
import { certificateLines, certificateProblems, closing, introduction, problems, standingLine } from './report';
import type { Secure } from './secure';
import { abortable, perform, perSecond, service } from './stage';
import { measure, type PlayedStep } from './steps';
import { story } from './story';
import type { Timeline } from './timeline';
import type { Visit } from './visit';

/** What the demo runs with. `signal` ends it at any time, with its reason; `atEnd` is called with what must be stopped then. */
export type Show = {
  readonly options: { readonly once: boolean; readonly json?: string | undefined };
  readonly timeline: Timeline;
  readonly startedAt: number;
  readonly signal: AbortSignal;
  readonly fail: (error: Error) => void;
  readonly atEnd: (stop: () => unknown) => void;
};

/** Ctrl-C was pressed. */
export class Interrupted extends Error {}

/** Visitors a second that keep the pages alive after the story. */
const gentlePerSecond = 20;

/** Plays the story, measures it, and stays up unless told not to. Returns what went wrong, as sentences. */
export async function play(show: Show): Promise<readonly string[]> {
  const { options, timeline, signal, fail, atEnd } = show;
  const world = await raise(show);
  const certificate = certificateOf(world);
  const pages = addresses(world, certificate.secure, rootFile(certificate.secure, atEnd));
  timeline.text(`Open while it runs:\n${pages}`);
  const journal = createJournal(service, world.controlPlaneDelayMs);
  const narrator = createNarrator(service, timeline, journal);
  atEnd(narrator.stop);
  world.onMoment((moment) => {
    journal.addMoment(moment);
    narrator.moment(moment);
  });

  let onVisits = (visits: readonly Visit[]): void => {
    journal.addVisits(visits);
    narrator.visits(visits);
  };
  const origin = `http://${world.proxy.http.host}:${world.proxy.http.port}`;
  const load = startLoad(origin, (visits) => onVisits(visits), fail);
  atEnd(load.stop);

  const steps = await perform(story, { world, origin, load, journal, certificate, ...narrator, signal });
  await abortable(load.finish(), signal);
  narrator.finish();
  const wrong = await conclude(show, world, certificate, journal, steps);
  if (options.once) return wrong;

  const totals = { requests: 0, failed: 0, lostWithTask: 0, expected503: 0 };
  // Only counts are kept, because this may run for days.
  onVisits = (visits) => {
    totals.requests += visits.length;
    totals.failed += visits.filter((visit) => !answered(visit)).length;
    timeline.status(standingLine(totals, gentlePerSecond));
  };
  await stayUp(load, show, pages);
  return wrong;
}

async function raise({ timeline, signal, atEnd }: Show): Promise<World> {
  timeline.text('Packaging the program as a deploy would, and starting a played AWS and a real HAProxy …');
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

const addresses = ({ proxy: { http, https, statistics } }: World, { host }: Secure, root: string): string =>
  `  http://${http.host}:${http.port}/  a page that says which task answered\n` +
  `  https://${https.host}:${https.port}/  the same by HTTPS; a browser warns, because the certificate is for the name only:\n` +
  `    curl --cacert ${root} --resolve ${host}:${https.port}:${https.host} \\\n` +
  `      https://${host}:${https.port}/\n` +
  `  http://${statistics.host}:${statistics.port}/  HAProxy's statistics (brown: tasks that left, removed by a later sync)\n`;

/** The CA's root, in a file for `curl` until the end. */
function rootFile({ root }: Secure, atEnd: Show['atEnd']): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-demo-'));
  atEnd(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'root.pem'), root);
  return join(folder, 'root.pem');
}

/** Judges and reports what was seen. Returns what went wrong. */
async function conclude(
  { options, timeline, startedAt }: Show,
  { ecs, proxy, controlPlaneDelayMs }: World,
  certificate: Certificate,
  journal: Journal,
  steps: readonly PlayedStep[],
): Promise<readonly string[]> {
  const seen = { ...journal, facts: journal.facts() };
  const measured = measure(steps, seen);
  const facts = await certified(certificate, seen.visits);
  const outsiders = ecs.tasks().flatMap((task) => (task.service === service ? [] : [task.id]));
  const wrong = [...problems(seen, outsiders, startedAt), ...certificateProblems(facts)];
  const unrouted = wrong.length === 0 ? ['The worker, which has no labels, got no request.'] : [];
  const remarks = [...certificateLines(facts, certificate.swaps), ...unrouted, ...wrong];
  timeline.text(closing(measured, remarks, controlPlaneDelayMs));
  if (options.json !== undefined) {
    const durationSeconds = Math.round((Date.now() - startedAt) / 100) / 10;
    const versions = { haproxyVersion: proxy.haproxyVersion, nodeVersion: process.version };
    const found = { ...versions, controlPlaneDelayMs, durationSeconds, certificate: facts, ...measured };
    writeFileSync(options.json, `${JSON.stringify(found, undefined, 2)}\n`);
  }
  return wrong;
}

async function stayUp(load: Load, { timeline, signal }: Show, pages: string): Promise<void> {
  timeline.text(`\nIt stays up, with ${gentlePerSecond} requests a second, until Ctrl-C. Open\n${pages}`);
  load.rate(gentlePerSecond);
  if (!signal.aborted) await once(signal, 'abort');
  // Ctrl-C is the expected end here; any other is a fault.
  if (!(signal.reason instanceof Interrupted)) throw signal.reason;
}
