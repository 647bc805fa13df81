import { join } from 'node:path';

import { certificateOf, certified } from '../../scripts/demo/certificate';
import { createJournal } from '../../scripts/demo/journal';
import { firstAnswer, type Load, startLoad } from '../../scripts/demo/load';
import { answered } from '../../scripts/demo/measure';
import { createNarrator } from '../../scripts/demo/narrator';
import { perform } from '../../scripts/demo/perform';
import { certificateProblems } from '../../scripts/demo/problems';
import { certificateLines, closing } from '../../scripts/demo/report';
import { firstCertificate, renewal } from '../../scripts/demo/scenes/certificates';
import { service } from '../../scripts/demo/stage';
import { measure } from '../../scripts/demo/steps';
import { createTimeline } from '../../scripts/demo/timeline';
import { startWorld, type World } from '../../scripts/local/world';

jest.setTimeout(90_000);

let world: World;
let load: Load;
beforeAll(async () => {
  world = await startWorld({ certificates: true, delays: { commandMs: 100, eventMs: 20, taskStartMs: 50 } });
}, 60_000);
afterAll(async () => {
  await load?.stop();
  await world?.stop();
});

/** A task of the service for any host. */
function serve(): void {
  const app = {
    name: 'hello',
    command: [process.execPath, join(__dirname, '../../scripts/local/hello.mjs')],
    containerPort: 8080,
    labels: { 'haproxy.host': '*' },
  };
  const taskDefinition = world.ecs.registerTaskDefinition({ family: service, containers: [app] });
  world.ecs.createService({ name: service, taskDefinition, desiredCount: 1 });
}

it('shows a certificate that comes and one that follows it, under load, and tells nobody a key', async () => {
  serve();
  const told: string[] = [];
  const timeline = createTimeline({ write: (text) => told.push(text) }, Date.now(), false);
  const journal = createJournal(service, world.controlPlaneDelayMs);
  const narrator = createNarrator(service, timeline, journal);
  world.onMoment(narrator.moment);
  const origin = `http://127.0.0.1:${world.proxy.http.port}`;
  const { signal } = new AbortController();
  load = startLoad(origin, journal.addVisits, (error) => told.push(error.message));
  const certificate = certificateOf(world);
  await firstAnswer(origin, signal);
  load.rate(50);

  const played = await perform([firstCertificate, renewal], {
    ...narrator,
    ...{ world, origin, load, journal, certificate, signal },
  });
  await load.finish();
  narrator.finish();
  const facts = await certified(certificate, journal.visits);
  const measured = measure(played, { ...journal, facts: journal.facts() });
  timeline.text(closing(measured, certificateLines(facts, certificate.swaps), 0));

  const [first, renewed] = facts.serials;
  expect(first).not.toBe(renewed);
  expect(facts).toMatchObject({ issuer: expect.stringContaining('Pebble'), servedSerial: renewed, reloads: 0 });
  expect(facts.reloadsAtFirst).toBe(1);
  expect(certificateProblems(facts)).toStrictEqual([]);
  expect(journal.visits.filter((visit) => !answered(visit))).toStrictEqual([]);
  const text = told.join('').replace(/\s+/g, ' ');
  expect(text).toMatch(/which visitors refuse: self-signed certificate .* by HTTP it answers 308/);
  expect(text).toMatch(/to replace the old one .* without a reload .*the CA wants it renewed .*The download is whole/);
  expect(text).toContain(`serial ${renewed} is served by the same process, without a reload`);
  const keys = ['certificates/sluice.test/key:1', 'certificates/sluice.test/key', 'acme/account'].flatMap((name) =>
    (world.aws.parameters.read(`/sluice/dev/${name}`) ?? '').split(/\\n|\n/).filter((line) => line.length >= 60),
  );
  expect(keys.length).toBeGreaterThan(6);
  for (const key of keys) expect(JSON.stringify([text, facts, measured]).includes(key)).toBe(false);
});
