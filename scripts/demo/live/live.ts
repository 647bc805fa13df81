import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';

import { readLeaf } from '../../../lib/certificates/certificate';
import { faultsName, parseKept, standing } from '../../../lib/faults/faults';
import type { World } from '../../local/world';
import { unlabelled } from '../cast';
import type { Certificate } from '../certificate';
import { createNarrator, type Narrator } from '../narrator';
import { service } from '../stage';
import type { Visit } from '../visit';
import { actsOn } from './acts';
import type { Look } from './fleet';
import { type Server, servePage } from './server';
import { createLive, type Live, type Sent } from './state';

const drawMs = 250;
const lookMs = 1_000;
const dayMs = 86_400_000;
const nothing: Sent = { line: 0, second: 0, at: 0 };

type Deps = {
  readonly world: World;
  readonly certificate: Certificate;
  readonly startedAt: number;
  readonly port: number;
};

/** The page that shows the demo while it runs. */
export async function startPage({ world, certificate, startedAt, port }: Deps) {
  const live = createLive(startedAt);
  const [acts, proxy, narrator] = [actsOn(world), watchProxy(world, certificate), narratorTo(live)];
  follow(world, live, narrator);
  /** While it is undefined, the story plays. */
  let outcome: string | undefined;
  const now = () => ({
    ...live.now(Date.now(), lookAt(world, proxy.serving())),
    ...{ proxy: proxy.seen(), faults: faultsOf(world, certificate), outcome },
    acts: acts.list().map((each) => (outcome === undefined ? { ...each, why: playing } : each)),
  });
  const page = await servePage({
    port,
    snapshot: () => ({ ...now(), ...live.history(nothing) }),
    act: (name) => (outcome === undefined ? playing : acts.play(name)),
  });
  proxy.watchWhile(page.isWatched);
  const timer = sendChanges(live, now, page);
  return {
    url: page.url,
    step: live.step,
    remark: narrator.remark,
    visits: (visits: readonly Visit[]): void => {
      live.visits(visits);
      narrator.visits(visits);
    },
    /** The story is over, and this was its outcome; from now on the buttons act. */
    over: (words: string): void => {
      outcome = words;
    },
    stop: async (): Promise<void> => {
      clearInterval(timer);
      for (const each of [proxy, narrator, acts]) each.stop();
      await page.stop();
    },
  };
}

const playing = 'the story still plays';

const narratorTo = ({ line }: Live): Narrator => {
  const silent = { heading: () => {}, text: () => {}, status: () => {} };
  return createNarrator(service, { line, inPlace: true, ...silent });
};

function follow(world: World, live: Live, narrator: Narrator): void {
  world.onMoment((moment) => {
    live.moment(moment);
    narrator.moment(moment);
    const run = moment.kind === 'reconciled' ? world.reconciles().at(-1) : undefined;
    if (run === undefined) return;
    const result = (run.result ?? {}) as { generation?: number; reason?: string };
    live.published(moment.at, run.durationMs, result.generation ?? 0, result.reason ?? run.error ?? '');
  });
}

const lookAt = ({ ecs }: World, serving: ReadonlySet<string>): Look => ({
  ...{ hosts: ecs.hosts(), tasks: ecs.tasks(), services: ecs.services() },
  ...{ serving, unlabelled },
});

/** In the words that reconcile keeps, and mails. */
const faultsOf = ({ aws }: World, { prefix }: Certificate): readonly string[] =>
  standing(parseKept(aws.parameters.read(faultsName(prefix))).kept).map(({ message }) => message);

/** Sends what is true now, and what came since the last time. */
function sendChanges(live: Live, now: () => object, { isWatched, send }: Server) {
  let sent = nothing;
  return setInterval(() => {
    // Nothing is worked out for nobody: the demo needs its CPU.
    if (!isWatched()) return;
    const { points, lines, marks } = live.history(sent);
    send('change', { ...now(), points, lines, marks });
    sent = {
      second: points.at(-1)?.[0] ?? sent.second,
      line: lines.at(-1)?.n ?? sent.line,
      at: marks.at(-1)?.at ?? sent.at,
    };
  }, drawMs);
}

export type Page = Awaited<ReturnType<typeof startPage>>;

/** Looks each second at HAProxy: its process, its servers, the certificate that it shows. */
function watchProxy({ proxy, aws }: World, { prefix, shown }: Certificate) {
  let [seen, serving] = [{ pid: 0, reloads: 0, serial: '', days: 0 }, new Set<string>()];
  let isLooking = false;
  let isWatched = () => false;
  const look = async (): Promise<void> => {
    if (isLooking || !isWatched()) return;
    isLooking = true;
    const parts = [proxy.pid(), proxy.reloads(), shown().then(readLeaf), servers(proxy.statistics)] as const;
    const [pid, reloads, leaf, names] = await Promise.allSettled(parts);
    seen = {
      pid: pid.status === 'fulfilled' ? pid.value : seen.pid,
      reloads: reloads.status === 'fulfilled' ? reloads.value : seen.reloads,
      serial: leaf.status === 'fulfilled' ? leaf.value.serial : seen.serial,
      days: leaf.status === 'fulfilled' ? Math.floor((leaf.value.notAfter - Date.now()) / dayMs) : seen.days,
    };
    if (names.status === 'fulfilled') serving = names.value;
    isLooking = false;
  };
  const timer = setInterval(() => void look(), lookMs);
  return {
    seen: () => ({
      ...seen,
      version: proxy.haproxyVersion,
      generation: aws.parameters.version(`${prefix}/haproxy/current`),
    }),
    serving: (): ReadonlySet<string> => serving,
    /** Looks only then. */
    watchWhile: (watched: () => boolean): void => {
      isWatched = watched;
    },
    stop: () => clearInterval(timer),
  };
}

/** The servers that HAProxy sends requests to, by its own statistics. */
async function servers({ host, port }: World['proxy']['statistics']): Promise<Set<string>> {
  const asked = get({ host, port, path: '/;csv', agent: false, timeout: 1_000 });
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  const [titles = '', ...rows] = (await text(answer)).split('\n');
  const status = titles.split(',').indexOf('status');
  return new Set(
    rows
      .map((row) => row.split(','))
      .flatMap((row) => (/^(UP|no check)/.test(row[status] ?? '') ? [row[1] ?? ''] : [])),
  );
}
