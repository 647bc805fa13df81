import { setTimeout as sleep } from 'node:timers/promises';

import { delays } from '../../scripts/local/delays';
import { type Ecs, playEcs } from '../../scripts/local/ecs/ecs';
import { twoHosts } from '../../scripts/local/ecs/hosts';
import { isSteady, type Service } from '../../scripts/local/ecs/services';
import type { Host, Task } from '../../scripts/local/ecs/task';
import type { Moment } from '../../scripts/local/moment';
import { timers } from '../../scripts/local/timers';
import { type Processes, processes } from '../../scripts/real/processes';

type Seen = { readonly kind: Moment['kind']; readonly text: string };
type Event = { readonly type: string; readonly detail: Readonly<Record<string, unknown>> };

const command = ['node', 'resources/hello-world/hello.mjs'];
export const app = { name: 'app', command, containerPort: 8080, healthCheck: true };

/** The played ECS with two hosts in the cluster `c` and short delays, new for each test, and what it said. */
export function playedEcs() {
  const played = {
    ecs: {} as Ecs,
    running: {} as Processes,
    hosts: [] as Host[],
    speed: { ...delays },
    moments: [] as Seen[],
    events: [] as Event[],
    serve: async (name: string, desiredCount: number, containers: object[] = [app]): Promise<void> => {
      const { ecs } = played;
      const taskDefinition = ecs.registerTaskDefinition({ family: name, containers: containers as never });
      const byDefault = { name, cluster: 'c', minimumHealthyPercent: 100, maximumPercent: 200 };
      ecs.putService({ ...byDefault, desiredCount, taskDefinition });
      await played.steady(name);
    },
    scale: async (name: string, desiredCount: number): Promise<void> => {
      played.ecs.putService({ ...(played.ecs.services.get(name) as Service), desiredCount });
      await played.steady(name);
    },
    steady: async (name: string): Promise<void> => {
      while (!isSteady(played.ecs.services.get(name) as Service, played.ecs.tasks.values())) await sleep(10);
    },
    tasks: (name: string): readonly Task[] => [...played.ecs.tasks.values()].filter(({ service }) => service === name),
    kinds: (...wanted: readonly string[]) =>
      played.moments.map(({ kind }) => kind).filter((kind) => wanted.includes(kind)),
  };
  let stop = async () => {};
  beforeEach(() => {
    stop = start(played);
  });
  afterEach(() => stop());
  return played;
}

type Fresh = Pick<ReturnType<typeof playedEcs>, 'ecs' | 'running' | 'hosts' | 'speed' | 'moments' | 'events'>;

function start(played: Fresh): () => Promise<void> {
  const quick = { taskStartMs: 20, taskStoppedMs: 20, schedulerMs: 20, healthMs: 50, settledMs: 300 };
  const speed = { ...delays, ...quick, spotDrainMs: 50, hostLostMs: 200 };
  const [clock, running, hosts] = [timers(), processes(), twoHosts('c')];
  Object.assign(played, { running, hosts, moments: [], events: [], speed });
  const say = (kind: Moment['kind'], text: string) => void played.moments.push({ kind, text });
  const putEvent = ({ 'detail-type': type, detail }: { 'detail-type': string; detail: unknown }) => {
    played.events.push({ type, detail: detail as Event['detail'] });
    say('event', '');
  };
  played.ecs = playEcs([...hosts], { processes: running, timers: clock, delays: speed, say, putEvent });
  return async () => {
    clock.stop();
    await running.stop();
  };
}
