import { answered } from '../fate';
import { runningTasks, type Step, service } from '../stage';
import { seconds } from '../timeline';

/** AWS gives two minutes' notice; on this faster clock the instance ends so long after its last stop order. */
const drainSeconds = 4;
/** AWS takes a minute or more to notice, and to boot another instance: ASSUMED, on the faster clock. */
const replacementSeconds = 4;

export const spotLoss: Step = {
  name: 'Spot warning and loss',
  seconds: 14,
  play: async ({ ecs, pause, settled, until, remark }) => {
    const { ec2Id = '' } = ecs.hosts()[0] ?? {};
    const warnedAt = Date.now();
    ecs.warnHost(ec2Id);
    await until('the stop orders', () => !runningTasks(ecs).some(({ host }) => host === ec2Id));
    const after = seconds(Date.now() - warnedAt);
    remark(`the stop orders came ${after} after the warning; until then HAProxy preferred the other instance`, 'proxy');
    await pause(drainSeconds);
    ecs.loseHost(ec2Id);
    await pause(2.5);
    await settled(2);
  },
};

export const onlyInstanceLost: Step = {
  name: 'the only instance lost',
  seconds: 12,
  play: async ({ ecs, journal, pause, settled, until, remark }) => {
    const [only, ...others] = ecs.hosts();
    if (only === undefined || others.length > 0) throw new Error(`there are ${ecs.hosts().length} instances, not one`);
    await pause(1);
    const old = new Set(ecs.tasks(service).map(({ id }) => id));
    const lostAt = Date.now();
    ecs.loseHost(only.ec2Id);
    await pause(replacementSeconds);
    ecs.addHost();
    const first = () => journal.visits.find((visit) => answered(visit) && visit.task && !old.has(visit.task));
    await until(`an answer of ${service} on the new instance`, () => first() !== undefined);
    remark(
      `expected outage: the first answer came ${seconds((first()?.end ?? 0) - lostAt)} after the loss, ` +
        `${replacementSeconds} s of it without any instance`,
    );
    await settled(4);
  },
};
