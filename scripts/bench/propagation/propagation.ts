import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

import { type Moment, startWorld, type World } from '../../local/world';
import type { Outcome } from '../../measure/outcome';
import type { Deps, Given } from '../bench';
import { account, type Deploy, type Deployed, firstAnswers, newDeployed, note } from './account';
import { drawEvenly } from './cache';
import { playCloudMap } from './cloud-map';
import { type Seen, startVisitors } from './load';
import { stagesOf, traceOf } from './path';
import { goFirst } from './priority';
import { outcomeOf } from './report';
import { type Resolver, startResolver } from './resolver';
import { createServices, deploy, services, steady } from './services';
import { startTraefik } from './traefik';
import { sluice, startSeed, type Way } from './ways';

/** ECS's least (ECS: HealthCheck, interval). */
const healthMs = 5_000;
/** Beyond the longest TTL, for the slowest way to have moved over. */
const patienceMs = 60_000;

type Stand = {
  readonly world: World;
  readonly ways: readonly Way[];
  readonly resolver: Resolver;
  readonly ttls: readonly number[];
  /** Of the deploy that runs; emptied before the next. Requests by target, in the order of `everyPair`. */
  readonly moments: Moment[];
  readonly visits: Seen[][];
};

/** Deploys two services again and again, each time seen by the visitors of every way. */
export async function run(given: Given, { processes, progress }: Deps): Promise<Outcome> {
  const { deploys, rate, longestTtl } = given as { deploys: number; rate: number; longestTtl: number };
  const ttls = [...new Set([longestTtl, 10])];
  progress('packages the stack and starts the world');
  const priority = goFirst();
  const world = await startWorld({ delays: { healthMs } });
  try {
    const resolver = await startResolver(playCloudMap(world));
    await createServices(world);
    const seeds = await Promise.all(ttls.map((ttl) => startSeed(processes, resolver, ttl)));
    const traefik = await startTraefik(world, processes);
    const ways = [sluice(world), ...(traefik ? [traefik] : []), ...seeds];
    const stand: Stand = { world, ways, resolver, ttls, moments: [], visits: [] };
    keepMoments(stand);
    const { measured, failure } = await deployAll(stand, deploys, rate, progress);
    resolver.stop();
    return outcomeOf({ ways, deploys: measured, wanted: deploys, failure, rate, ttls, healthMs });
  } finally {
    priority.stop();
    await world.stop();
  }
}

function keepMoments({ world, moments }: Stand): void {
  world.onMoment((moment) => {
    // A task prints a line for each request.
    if (moment.kind !== 'output' || !moment.text.startsWith('began ')) moments.push(moment);
  });
}

/** Stops at the first deploy that fails, and keeps those before it. */
async function deployAll(stand: Stand, count: number, rate: number, progress: Deps['progress']) {
  const targets = everyPair(stand).map(({ way, index }) => ({ origin: way.origin, host: services[index]?.host ?? '' }));
  stand.visits.push(...targets.map(() => []));
  const visitors = startVisitors({ targets, perSecond: rate }, (more) => {
    for (const visit of more) stand.visits[visit.target]?.push(visit);
  });
  const phases = phasesOf(stand, count);
  const measured: Deploy[] = [];
  try {
    await Promise.race([visitors.died, untilAllAnswer(stand)]);
    for (let n = 0; n < count; n++) {
      progress(`deploy ${n + 1} of ${count}`);
      for (const { name, ms } of phases) stand.resolver.endIn(name, ms[n] ?? 0);
      await Promise.race([visitors.died, deployOnce(stand, n + 2, measured)]);
    }
    await visitors.finish();
    return { measured, failure: undefined };
  } catch (error) {
    if (measured.length === 0) throw error;
    return { measured, failure: (error as Error).message };
  } finally {
    await visitors.stop();
  }
}

/** How long each kept list of tasks still has when a deploy begins. */
const phasesOf = ({ ttls }: Stand, count: number) =>
  ttls.flatMap((ttlSeconds) =>
    services.map(({ name: service }) => ({
      name: { service, ttlSeconds },
      ms: drawEvenly(count, Math.random).map((share) => share * ttlSeconds * 1_000),
    })),
  );

/** Waits until every way has answered with every task of every service. */
async function untilAllAnswer(stand: Stand): Promise<void> {
  const tasks = services.map(({ name }) => new Map(stand.world.ecs.tasks(name).map(({ id }) => [id, 0])));
  await untilAll(stand, 60_000, tasks);
}

async function deployOnce(stand: Stand, version: number, deploys: Deploy[]): Promise<void> {
  stand.moments.splice(0);
  for (const visits of stand.visits) visits.splice(0);
  const since = Date.now();
  deploy(stand.world, version);
  await steady(stand.world.ecs);
  const deployed = services.map(({ name }) => deployedOf(stand, name));
  const longestMs = Math.max(...stand.ttls) * 1_000;
  await untilAll(
    stand,
    longestMs + patienceMs,
    deployed.map(({ running }) => running),
  );
  // Requests that are under way belong to this deploy, and so do failures after the last task was found.
  await sleep(2_500);
  const rows = everyPair(stand).map(({ way, index, target }) => ({
    way: way.name,
    service: services[index]?.name ?? '',
    ...account(deployed[index] ?? newDeployed(), seenBy(stand, target), way.knowsAfterMs),
  }));
  deploys.push({ rows, stages: ownPath(stand, deployed, since), load: loadavg()[0] ?? 0, proxy: lastWords(stand) });
}

/** Of Sluice's HAProxy: what it said of servers that are down. */
const lastWords = ({ world }: Stand): readonly string[] => world.proxy.log().filter((line) => / DOWN|ALERT/.test(line));

const everyPair = ({ ways }: Pick<Stand, 'ways'>) =>
  ways.flatMap((way, place) => services.map((_, index) => ({ way, index, target: place * services.length + index })));

const seenBy = ({ visits }: Stand, target: number): readonly Seen[] => visits[target] ?? [];

function deployedOf({ moments }: Stand, service: string): Deployed {
  const deployed = newDeployed();
  for (const moment of moments) if (moment.service === service) note(deployed, moment);
  return deployed;
}

/** Of Sluice, which is the first way, and the service whose task ran first. */
function ownPath(stand: Stand, deployed: readonly Deployed[], since: number): readonly number[] | undefined {
  const starts = deployed.map(({ running }) => Math.min(...running.values()));
  const index = starts.indexOf(Math.min(...starts));
  const first = firstAnswers(seenBy(stand, index), deployed[index]?.running ?? new Map());
  return stagesOf(traceOf(stand.world, stand.moments, since), starts[index] ?? 0, Math.min(...first.values()));
}

/** Waits until each way has an answer of each of these tasks, by service. @throws when that takes longer */
async function untilAll(stand: Stand, withinMs: number, tasks: readonly ReadonlyMap<string, number>[]): Promise<void> {
  const missing = () =>
    everyPair(stand).flatMap(({ way, index, target }) => {
      const wanted = tasks[index] ?? new Map();
      const { size } = firstAnswers(seenBy(stand, target), wanted);
      return size === wanted.size ? [] : [`${way.name} to ${services[index]?.name}: ${size} of ${wanted.size}`];
    });
  for (const end = performance.now() + withinMs; missing().length > 0; await sleep(500)) {
    if (performance.now() > end)
      throw new Error(`after ${withinMs / 1_000} s not every way led to every task (${missing().join('; ')})`);
  }
}
