import { backendNames, type WantedServer, wantedServers } from '../../lib/haproxy/backend';
import { describedStructure, type File } from '../../lib/haproxy/render';
import { change, isUp, removable, type Sequence, stateFile } from '../../lib/sync/change';
import { accepted, parseServersState, type RunningServer } from '../../lib/sync/replies';
import type { Agenda } from './agenda';
import type { Haproxy } from './proxy';

/** Seconds from the order to each sync that it starts; and the step at which the first is killed. */
export type Delivery = { readonly delays: readonly number[]; readonly cut?: number | undefined };

/** A sync in steps, as lib/sync/apply.ts and membership.ts go; what is given is how long it waits before the next. */
function* sync(proxy: Haproxy, files: readonly File[]): Generator<number> {
  const wanted = wantedServers(files);
  const structure = describedStructure(files.map(({ text }) => text).join('\n')) ?? '';
  const same = proxy.structure === structure;
  if (!same || !(yield* settle(proxy, wanted))) {
    if (same) throw new Error('servers that come and go reloaded HAProxy');
    const both = new Set(backendNames(files).filter((name) => proxy.backends().includes(name)));
    yield* settle(proxy, wanted, both);
    const texts = files.map(({ text }) => text);
    proxy.reload(structure, backendNames(files), texts, stateFile(running(proxy), wanted));
    yield 0;
    if (!(yield* settle(proxy, wanted)))
      throw new Error('HAProxy was reloaded, but its servers are not the wanted ones');
  }
  const idle = new Set(proxy.servers.keys());
  yield* tell(proxy, removable(running(proxy), wanted, idle, 60));
}

type Wanted = readonly WantedServer[];

function* settle(proxy: Haproxy, wanted: Wanted, only?: ReadonlySet<string>): Generator<number, boolean> {
  const ours = <Item extends { readonly backend: string }>(items: readonly Item[]) =>
    items.filter(({ backend }) => only?.has(backend) ?? true);
  for (let round = 0; ; round++) {
    const { leaving, arriving, last } = change(ours(running(proxy)), ours(wanted));
    if (leaving.length + arriving.length + last.size === 0) return true;
    if (round === 2) return false;
    yield* tell(proxy, [...leaving, ...arriving]);
    for (let waited = 0; waited < 2_000 && !allUp(proxy, ours(wanted), [...last.keys()]); waited += 250) yield 250;
    yield* tell(proxy, [...last.values()].flat());
  }
}

function allUp(proxy: Haproxy, wanted: readonly WantedServer[], backends: readonly string[]): boolean {
  const runs = running(proxy);
  const up = wanted.filter((server) => runs.some((other) => isUp(server, other)));
  return backends.every((name) => up.some(({ backend }) => backend === name));
}

function* tell(proxy: Haproxy, sequences: readonly Sequence[]): Generator<number> {
  for (const sequence of sequences) {
    for (const command of sequence) {
      if (!accepted(command, proxy.tell(command))) break;
      yield 0;
    }
  }
}

const running = (proxy: Haproxy): readonly RunningServer[] => parseServersState(proxy.show());

type Hooks = {
  readonly newest: () => { readonly number: number; readonly files: readonly File[] };
  /** Told after each command. */
  readonly eachStep: () => void;
  readonly applied: (number: number) => void;
};

/** The syncs of an instance: one at a time, each for the newest generation when it starts. */
export function newSyncs(agenda: Agenda, proxy: Haproxy, { newest, eachStep, applied }: Hooks) {
  const waiting: (number | undefined)[] = [];
  let busy = false;
  const begin = (): void => {
    if (busy || waiting.length === 0) return;
    busy = true;
    const cut = waiting.shift();
    const { number, files } = newest();
    proceed(sync(proxy, files), number, 0, cut);
  };
  const proceed = (steps: Generator<number>, number: number, done: number, cut: number | undefined): void => {
    for (let step = done; step !== cut; step++) {
      const { done: ended, value } = steps.next();
      eachStep();
      if (ended) {
        applied(number);
        break;
      }
      if (value > 0) {
        agenda.in(value, () => proceed(steps, number, step + 1, cut));
        return;
      }
    }
    busy = false;
    begin();
  };
  return {
    order: ({ delays, cut }: Delivery): void => {
      for (const [index, delay] of delays.entries()) {
        agenda.in(delay * 1_000, () => {
          waiting.push(index === 0 ? cut : undefined);
          begin();
        });
      }
    },
  };
}
