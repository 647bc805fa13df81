import type { World } from '../local/world';
import { hello, worker } from './cast';

/** What a step may do. Everything else happens by itself. */
export type Stage = Pick<World, 'ecs' | 'controlPlane'> & {
  /** Lets the visitors in, once the service answers at all. */
  readonly open: () => Promise<void>;
  /** ECS is steady, and every running task has answered somebody. */
  readonly settled: () => Promise<void>;
  readonly pause: (seconds: number) => Promise<void>;
  /** How many requests have had their answer so far. */
  readonly served: () => number;
  readonly remark: (text: string) => void;
};

export type Step = { readonly name: string; readonly play: (stage: Stage) => Promise<void> };

export const service = 'hello-world';

/** What the demo shows, in order. Visitors come all the while. */
export const story: readonly Step[] = [
  {
    name: 'start with 3 tasks',
    play: async ({ ecs, open, settled, pause }) => {
      ecs.createService({ name: 'worker', taskDefinition: ecs.registerTaskDefinition(worker), desiredCount: 1 });
      const taskDefinition = ecs.registerTaskDefinition(hello(1));
      ecs.createService({
        name: service,
        taskDefinition,
        desiredCount: 3,
        minimumHealthyPercent: 100,
        maximumPercent: 200,
      });
      await open();
      await settled();
      await pause(10);
    },
  },
  {
    name: 'scale to 6',
    play: async ({ ecs, settled, pause }) => {
      ecs.updateService(service, { desiredCount: 6 });
      await settled();
      await pause(10);
    },
  },
  {
    name: 'deploy version 2',
    play: async ({ ecs, settled, pause }) => {
      ecs.updateService(service, { taskDefinition: ecs.registerTaskDefinition(hello(2)) });
      await settled();
      await pause(6);
    },
  },
  {
    name: 'kill a task without a word',
    play: async ({ ecs, settled, pause }) => {
      await pause(1);
      killOne(ecs);
      await pause(2);
      await settled();
      await pause(8);
    },
  },
  {
    name: 'control plane off, then on',
    play: async ({ ecs, controlPlane, settled, pause, served, remark }) => {
      controlPlane(false, 'held');
      const before = served();
      await pause(2);
      ecs.updateService(service, { desiredCount: 8 });
      killOne(ecs);
      await pause(15);
      remark(`HAProxy alone has served ${(served() - before).toLocaleString('en-GB')} requests meanwhile`);
      controlPlane(true);
      await settled();
      await pause(7);
    },
  },
  {
    name: 'scale to 0 and back to 3',
    play: async ({ ecs, settled, pause }) => {
      ecs.updateService(service, { desiredCount: 0 });
      await settled();
      await pause(3);
      ecs.updateService(service, { desiredCount: 3 });
      await settled();
      await pause(17);
    },
  },
];

/** The oldest one: it has kept connections and requests under way. */
function killOne(ecs: Stage['ecs']): void {
  const task = ecs
    .tasks(service)
    .find(({ desiredStatus, lastStatus }) => desiredStatus === 'RUNNING' && lastStatus === 'RUNNING');
  if (task === undefined) throw new Error(`${service} has no running task that could be killed`);
  ecs.killTask(task.id);
}
