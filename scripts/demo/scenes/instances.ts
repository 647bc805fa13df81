import { seconds } from '../follow';
import { answered } from '../measure';
import { sparedAfterMs } from '../moving';
import { runningTasks, type Stage, type Step, service } from '../stage';

/** AWS gives two minutes' notice; on this faster clock the instance ends so long after its last stop order. */
const drainSeconds = 4;

/** AWS takes a minute or more to notice, and to boot another instance: ASSUMED, on the faster clock. */
const replacementSeconds = 4;

export const spotLoss: Step = {
  name: 'Spot warning and loss',
  play: async (stage) => {
    const { ecs, pause, settled, until } = stage;
    const { ec2Id = '' } = ecs.hosts()[0] ?? {};
    const warnedAt = Date.now();
    const tasks = runningTasks(ecs).flatMap(({ id, host }) => (host === ec2Id ? [id] : []));
    ecs.warnHost(ec2Id);
    await until('the stop orders', () => !runningTasks(ecs).some(({ host }) => host === ec2Id));
    await pause(drainSeconds);
    tellWhenSpared(stage, tasks, warnedAt);
    ecs.loseHost(ec2Id);
    await pause(2.5);
    await settled();
    await pause(2);
  },
};

function tellWhenSpared({ journal, remark }: Stage, tasks: readonly string[], warnedAt: number): void {
  const spared = sparedAfterMs(journal.visits, tasks, warnedAt);
  const order = journal.moments.find(
    ({ kind, task, at }) => kind === 'stop-ordered' && at >= warnedAt && tasks.includes(task ?? ''),
  );
  const after = (ms: number | undefined) => (ms === undefined ? 'not at all' : `${seconds(ms)} after the warning`);
  const ordered = order === undefined ? undefined : order.at - warnedAt;
  remark(`requests moved to the other instance ${after(spared)}; ECS gave the stop orders ${after(ordered)}`, 'proxy');
}

export const onlyInstanceLost: Step = {
  name: 'the only instance lost',
  play: async ({ ecs, journal, pause, settled, until, remark }) => {
    const [only, ...others] = ecs.hosts();
    if (only === undefined || others.length > 0) throw new Error(`${others.length + 1} instances are there, not one`);
    await pause(1);
    const old = new Set(ecs.tasks(service).map(({ id }) => id));
    const lostAt = Date.now();
    ecs.loseHost(only.ec2Id);
    await pause(replacementSeconds);
    ecs.addHost();
    const first = () => journal.visits.find((visit) => answered(visit) && visit.task && !old.has(visit.task));
    await until(`an answer of ${service} on the new instance`, () => first() !== undefined);
    remark(
      `an honest outage: the first answer came ${seconds((first()?.end ?? 0) - lostAt)} after the loss, ` +
        `${replacementSeconds} s of it without any instance`,
    );
    await settled();
    await pause(4);
  },
};
