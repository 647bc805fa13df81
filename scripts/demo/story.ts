import { hello, job, worker } from './cast';
import { answered } from './fate';
import { firstCertificate, renewal } from './scenes/certificates';
import { onlyInstanceLost, spotLoss } from './scenes/instances';
import { faultyLabel, portReuse } from './scenes/neighbours';
import { runningTasks, type Stage, type Step, service } from './stage';
import { seconds } from './timeline';

const start: Step = {
  name: 'start with 3 tasks',
  seconds: 9,
  play: async ({ ecs, open, settled }) => {
    ecs.createService({ name: 'worker', taskDefinition: ecs.registerTaskDefinition(worker), desiredCount: 1 });
    const taskDefinition = ecs.registerTaskDefinition(hello(1));
    const limits = { minimumHealthyPercent: 100, maximumPercent: 200 };
    ecs.createService({ name: service, taskDefinition, desiredCount: 3, ...limits });
    await open();
    await settled(3);
  },
};

/** Sets numbers of tasks, one after the other, with so many quiet seconds after each. */
const scale = (
  name: string,
  seconds: number,
  ...sizes: readonly (readonly [tasks: number, quietSeconds: number])[]
): Step => ({
  name,
  seconds,
  play: async ({ ecs, settled }) => {
    for (const [desiredCount, quietSeconds] of sizes) {
      ecs.updateService(service, { desiredCount });
      await settled(quietSeconds);
    }
  },
});

/** The old tasks have a container that delays their stop: they serve until the proxy knows. */
const deployWithPreStop: Step = {
  name: 'deploy version 2',
  seconds: 19,
  play: async ({ ecs, settled }) => {
    const taskDefinition = ecs.registerTaskDefinition(hello(2, { preStop: false }));
    ecs.updateService(service, { taskDefinition, maximumPercent: 200 });
    await settled(3);
  },
};

/**
 * The old tasks have none, and end before the proxy can know. Two of six at a time: ECS counts a new task as soon as
 * it is healthy, so with 200 % it would stop all old ones before the proxy knew any new one.
 */
const deployWithout: Step = {
  name: 'deploy without pre-stop',
  seconds: 14,
  play: async ({ ecs, settled, remark }) => {
    ecs.updateService(service, { taskDefinition: ecs.registerTaskDefinition(hello(3)), maximumPercent: 134 });
    remark('the old tasks have no pre-stop container: HAProxy retries the connections that they refuse', 'proxy');
    await settled(3);
  },
};

const kill: Step = {
  name: 'kill a task',
  seconds: 6,
  play: async ({ ecs, settled, pause }) => {
    await pause(1);
    killOne(ecs);
    await pause(2);
    await settled(3);
  },
};

/** Each sends three events that wake the function: it runs, it is to stop, it has stopped. */
const jobs = 70;

const burst: Step = {
  name: 'burst of 200 events',
  seconds: 7,
  play: async ({ ecs, until, effort, reconciles, remark, pause }) => {
    const [before, runs, from] = [effort(), reconciles().length, Date.now()];
    ecs.createService({ name: 'jobs', taskDefinition: ecs.registerTaskDefinition(job), desiredCount: jobs });
    await ecs.steady('jobs');
    // Otherwise one read of ECS would see the first events and the stop orders.
    await pause(1);
    ecs.updateService('jobs', { desiredCount: 0 });
    await until('the events of all jobs', () => effort().events - before.events >= 3 * jobs);
    const cameAt = Date.now();
    await until('a quiet function', () => Date.now() - Math.max(cameAt, reconciles().at(-1)?.at ?? 0) > 1_000);

    const [{ events, ecsReads }, all] = [effort(), reconciles().length - runs];
    remark(
      `${events - before.events} events in ${seconds(cameAt - from)}: ${all} runs of the function; ` +
        `full reads of ECS: ${ecsReads - before.ecsReads}`,
      'aws',
    );
    await pause(1);
  },
};

const controlPlaneOff: Step = {
  name: 'control plane off and on',
  seconds: 24,
  play: async ({ ecs, controlPlane, settled, pause, journal, remark }) => {
    controlPlane(false, 'held');
    const served = () => journal.visits.filter(answered).length;
    const before = served();
    await pause(2);
    ecs.updateService(service, { desiredCount: 8 });
    killOne(ecs);
    await pause(13);
    remark(`HAProxy served ${(served() - before).toLocaleString('en-GB')} requests without it`);
    controlPlane(true);
    await settled(4);
  },
};

/** What the demo shows, in order, while visitors come all the time. */
export const story: readonly Step[] = [
  start,
  firstCertificate,
  scale('scale to 6', 7, [6, 3]),
  ...[
    deployWithPreStop,
    deployWithout,
    kill,
    spotLoss,
    portReuse,
    faultyLabel,
    burst,
    onlyInstanceLost,
    controlPlaneOff,
  ],
  renewal,
  scale('scale to 0, back to 3', 26, [0, 2], [3, 6]),
];

/** Kills the oldest task, which has kept connections and requests under way. */
function killOne(ecs: Stage['ecs']): void {
  const [task] = runningTasks(ecs);
  if (task === undefined) throw new Error(`${service} has no running task that could be killed`);
  ecs.killTask(task.id);
}
