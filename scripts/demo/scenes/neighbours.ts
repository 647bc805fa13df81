import { shop } from '../cast';
import { seconds, short } from '../follow';
import { type Stage, type Step, service } from '../stage';
import type { Visit } from '../visit';

const host = 'shop.example';

export const portReuse: Step = {
  name: 'port reuse',
  play: async ({ ecs, until, ask, remark, journal, pause }) => {
    ecs.reusePorts(true);
    const old = new Set(stopped(ecs).map(({ id }) => id));
    ecs.updateService(service, { desiredCount: 5 });
    const leaver = () => stopped(ecs).find(({ id }) => !old.has(id));
    await until('a task that is gone', () => leaver() !== undefined);
    const goneAt = Date.now();
    ecs.createService({ name: 'shop', taskDefinition: ecs.registerTaskDefinition(shop(1)), desiredCount: 1 });
    await until('an answer of shop', async () => isOfShop(ecs, await ask(host)));
    ecs.reusePorts(false);

    const [newcomer] = ecs.tasks('shop');
    const [from, to] = [leaver()?.port, newcomer?.port];
    if (newcomer === undefined || from !== to) throw new Error(`the port ${from} was not reused: shop got ${to}`);
    const runs = seconds((newcomer.startedAt ?? 0) - goneAt);
    const strays = journal.visits.filter(({ task }) => task === newcomer.id).length;
    remark(
      `shop's task ${short(newcomer.id)} got port ${to} ${runs} after task ${short(leaver()?.id ?? '')} of ${service} ` +
        `had left it: ${host} is answered, and ${strays} requests to ${service} came to it`,
      'proxy',
    );
    await pause(2);
  },
};

const isOfShop = (ecs: Stage['ecs'], { status, task }: Visit, revision = 1): boolean =>
  status === 200 && ecs.tasks('shop').some((each) => each.id === task && each.revision === revision);

const stopped = (ecs: Stage['ecs']) => ecs.tasks(service).filter(({ lastStatus }) => lastStatus === 'STOPPED');

export const faultyLabel: Step = {
  name: 'faulty label, 2nd service',
  play: async ({ ecs, until, ask, remark, reconciles, pause }) => {
    let [asked, answered] = [0, 0];
    const answers = async (revision: number): Promise<boolean> => {
      const visit = await ask(host);
      asked += 1;
      if (visit.status === 200) answered += 1;
      return isOfShop(ecs, visit, revision);
    };
    const faults = () => faultsOf(reconciles().at(-1)?.result);

    ecs.updateService('shop', {
      taskDefinition: ecs.registerTaskDefinition(shop(2, { 'haproxy.hots': host })),
    });
    await until('a fault', () => faults().length > 0);
    for (const fault of faults()) remark(fault, 'aws');
    await until('an answer of the faulty revision', () => answers(2));
    remark(`${host} keeps its last good route, filled with the new task`, 'proxy');

    ecs.updateService('shop', { taskDefinition: ecs.registerTaskDefinition(shop(3)) });
    await until('an answer of the mended revision', () => answers(3));
    await until('no fault', () => faults().length === 0);
    remark(`mended: no fault is left. ${host} was asked ${asked} times meanwhile, and answered ${answered} times`);
    await pause(2);
  },
};

const faultsOf = (result: unknown): readonly string[] =>
  (result as { faults?: readonly string[] } | undefined)?.faults ?? [];
