import { hello, worker } from './cast';
import { answered } from './measure';
import { burst } from './scenes/burst';
import { firstCertificate, renewal } from './scenes/certificates';
import { deployWithout, deployWithPreStop } from './scenes/deploys';
import { onlyInstanceLost, spotLoss } from './scenes/instances';
import { faultyLabel, portReuse } from './scenes/neighbours';
import { runningTasks, type Stage, type Step, service } from './stage';

const start: Step = {
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
    await pause(3);
  },
};

const scaleOut: Step = {
  name: 'scale to 6',
  play: async ({ ecs, settled, pause }) => {
    ecs.updateService(service, { desiredCount: 6 });
    await settled();
    await pause(3);
  },
};

const kill: Step = {
  name: 'kill a task without a word',
  play: async ({ ecs, settled, pause }) => {
    await pause(1);
    killOne(ecs);
    await pause(2);
    await settled();
    await pause(3);
  },
};

const controlPlaneOff: Step = {
  name: 'control plane off, then on',
  play: async ({ ecs, controlPlane, settled, pause, journal, remark }) => {
    controlPlane(false, 'held');
    const served = () => journal.visits.filter(answered).length;
    const before = served();
    await pause(2);
    ecs.updateService(service, { desiredCount: 8 });
    killOne(ecs);
    await pause(13);
    remark(`HAProxy alone has served ${(served() - before).toLocaleString('en-GB')} requests meanwhile`);
    controlPlane(true);
    await settled();
    await pause(4);
  },
};

const scaleToZero: Step = {
  name: 'scale to 0 and back to 3',
  play: async ({ ecs, settled, pause }) => {
    ecs.updateService(service, { desiredCount: 0 });
    await settled();
    await pause(2);
    ecs.updateService(service, { desiredCount: 3 });
    await settled();
    await pause(6);
  },
};

/** What the demo shows, in order. Visitors come all the while. */
export const story: readonly Step[] = [
  start,
  firstCertificate,
  scaleOut,
  deployWithPreStop,
  deployWithout,
  kill,
  spotLoss,
  portReuse,
  faultyLabel,
  burst,
  onlyInstanceLost,
  controlPlaneOff,
  renewal,
  scaleToZero,
];

/** The oldest one: it has kept connections and requests under way. */
function killOne(ecs: Stage['ecs']): void {
  const [task] = runningTasks(ecs);
  if (task === undefined) throw new Error(`${service} has no running task that could be killed`);
  ecs.killTask(task.id);
}
