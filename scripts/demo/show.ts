import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startWorld, type World } from '../local/world';
import { type Certified, certificateOf, certified } from './certificate';
import { createJournal } from './journal';
import { type Load, startLoad } from './load';
import { answered } from './measure';
import { createNarrator } from './narrator';
import type { Options } from './options';
import { abortable, perform } from './perform';
import { freePorts } from './ports';
import { certificateProblems, problems, reservations } from './problems';
import { certificateLines, closing, introduction, standingLine } from './report';
import type { Secure } from './secure';
import { perSecond, service } from './stage';
import { type Measured, measure } from './steps';
import { story } from './story';
import type { Timeline } from './timeline';
import type { Visit } from './visit';

/** What the demo runs with. `signal` ends it at any time, with its reason; `atEnd` is told what to stop then. */
export type Show = {
  readonly options: Options;
  readonly timeline: Timeline;
  readonly startedAt: number;
  readonly signal: AbortSignal;
  readonly fail: (error: Error) => void;
  readonly atEnd: (stop: () => unknown) => void;
};

/** Somebody pressed Ctrl-C. */
export class Interrupted extends Error {}

/** Visitors a second that keep the pages alive after the story. */
const gentlePerSecond = 20;

/** Plays the story, measures it, and stays up unless told not to. Returns what went wrong, as sentences. */
export async function play(show: Show): Promise<readonly string[]> {
  const { options, timeline, startedAt, signal, fail, atEnd } = show;
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

  let hear = (visits: readonly Visit[]): void => {
    journal.addVisits(visits);
    narrator.visits(visits);
  };
  const origin = `http://${world.proxy.http.host}:${world.proxy.http.port}`;
  const load = startLoad(origin, (visits) => hear(visits), fail);
  atEnd(load.stop);

  const steps = await perform(story, { world, origin, load, journal, certificate, ...narrator, signal });
  await abortable(load.finish(), signal);
  narrator.finish();

  const seen = { ...journal, facts: journal.facts() };
  const measured = measure(steps, seen);
  const others = world.ecs.tasks().filter((task) => task.service !== service);
  const facts = await certified(certificate, seen.visits);
  const outsiders = others.map(({ id }) => id);
  const wrong = [...problems(seen, outsiders, startedAt), ...certificateProblems(facts)];
  const unrouted = wrong.length === 0 ? ['The worker, which has no labels, was sent nothing.'] : [];
  const remarks = [...reservations(seen), ...certificateLines(facts, certificate.swaps), ...unrouted, ...wrong];
  timeline.text(closing(measured, remarks, world.controlPlaneDelayMs));
  if (options.json !== undefined) writeFileSync(options.json, asJson(world, measured, facts, startedAt));

  if (!options.once) {
    hear = tally(timeline);
    await stayUp(load, show, pages);
  }
  return wrong;
}

async function raise({ timeline, signal, atEnd }: Show): Promise<World> {
  timeline.text('Packaging the program as `sls deploy` would, and starting a played AWS and a real HAProxy …');
  const starting = startWorld({ ports: await freePorts(), certificates: true });
  // Also when the end comes before the world stands. One that never stood has cleaned up after itself.
  atEnd(async () => (await starting.catch(() => undefined))?.stop());
  const world = await abortable(starting, signal);
  timeline.text(introduction(world.proxy.haproxyVersion, world.controlPlaneDelayMs, perSecond));
  return world;
}

const addresses = ({ proxy: { http, https, statistics } }: World, { host }: Secure, root: string): string =>
  `  http://${http.host}:${http.port}/  a page that says which task answered\n` +
  `  https://${https.host}:${https.port}/  the same by HTTPS; a browser warns, for only the name has a certificate:\n` +
  `    curl --cacert ${root} --resolve ${host}:${https.port}:${https.host} \\\n` +
  `      https://${host}:${https.port}/\n` +
  `  http://${statistics.host}:${statistics.port}/  HAProxy's statistics (brown: tasks that left, removed by a later sync)\n`;

/** Where `curl` finds whom to trust, until the end. */
function rootFile({ root }: Secure, atEnd: Show['atEnd']): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-demo-'));
  atEnd(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'root.pem'), root);
  return join(folder, 'root.pem');
}

async function stayUp(load: Load, { timeline, signal }: Show, pages: string): Promise<void> {
  timeline.text(`\nIt stays up, with ${gentlePerSecond} requests a second, until Ctrl-C. Open\n${pages}`);
  load.rate(gentlePerSecond);
  if (!signal.aborted) await once(signal, 'abort');
  // Here Ctrl-C is the good end; anything else that ends it is a fault.
  if (!(signal.reason instanceof Interrupted)) throw signal.reason;
}

/** Counts on without keeping anything: this may run for days. */
function tally(timeline: Timeline): (visits: readonly Visit[]) => void {
  let requests = 0;
  let failed = 0;
  return (visits) => {
    requests += visits.length;
    failed += visits.filter((visit) => !answered(visit)).length;
    timeline.status(standingLine({ requests, failed, lostWithTask: 0, expected503: 0 }, gentlePerSecond));
  };
}

const asJson = (
  { proxy, controlPlaneDelayMs }: World,
  measured: Measured,
  certificate: Certified,
  startedAt: number,
): string =>
  `${JSON.stringify(
    {
      haproxyVersion: proxy.haproxyVersion,
      nodeVersion: process.version,
      controlPlaneDelayMs,
      durationSeconds: Math.round((Date.now() - startedAt) / 100) / 10,
      certificate,
      ...measured,
    },
    undefined,
    2,
  )}\n`;
