import { shop } from '../cast';
import { type Stage, type Step, service } from '../stage';
import { seconds, short } from '../timeline';
import type { Visit } from '../visit';

const host = 'shop.example';

export const portReuse: Step = {
  name: 'port reuse',
  seconds: 20,
  play: async ({ ecs, until, ask, remark, journal, pause }) => {
    ecs.reusePorts(true);
    const stopped = () => ecs.tasks(service).filter(({ lastStatus }) => lastStatus === 'STOPPED');
    const old = new Set(stopped().map(({ id }) => id));
    ecs.updateService(service, { desiredCount: 5 });
    const leaver = () => stopped().find(({ id }) => !old.has(id));
    await until('a task that has stopped', () => leaver() !== undefined);
    const goneAt = Date.now();
    ecs.createService({ name: 'shop', taskDefinition: ecs.registerTaskDefinition(shop(1)), desiredCount: 1 });
    await until('an answer of shop', async () => isOfShop(ecs, await ask(host)));
    ecs.reusePorts(false);

    const [newcomer] = ecs.tasks('shop');
    const [from, to] = [leaver()?.port, newcomer?.port];
    if (newcomer === undefined || from !== to) throw new Error(`the port ${from} was not reused: shop got ${to}`);
    const after = seconds((newcomer.startedAt ?? 0) - goneAt);
    const strays = journal.visits.filter(({ task }) => task === newcomer.id).length;
    remark(
      `shop's task ${short(newcomer.id)} got port ${to} ${after} after task ${short(leaver()?.id ?? '')} of ${service} ` +
        `had left it: ${host} answers, and ${strays} requests for ${service} reached it`,
      'proxy',
    );
    await pause(2);
  },
};

const isOfShop = (ecs: Stage['ecs'], { status, task }: Visit, revision = 1): boolean =>
  status === 200 && ecs.tasks('shop').some((each) => each.id === task && each.revision === revision);

export const faultyLabel: Step = {
  name: 'faulty label',
  seconds: 10,
  play: async ({ ecs, until, ask, remark, reconciles, pause }) => {
    let [asked, answered] = [0, 0];
    const answers = async (revision: number): Promise<boolean> => {
      const visit = await ask(host);
      asked += 1;
      if (visit.status === 200) answered += 1;
      return isOfShop(ecs, visit, revision);
    };
    const faults = () => (reconciles().at(-1)?.result as { faults?: readonly string[] } | undefined)?.faults ?? [];
    const deploy = (...definition: Parameters<typeof shop>) =>
      ecs.updateService('shop', { taskDefinition: ecs.registerTaskDefinition(shop(...definition)) });

    deploy(2, { 'haproxy.hots': host });
    await until('a fault', () => faults().length > 0);
    for (const fault of faults()) remark(fault, 'aws');
    await until('an answer of the faulty revision', () => answers(2));
    remark(`${host} keeps its last good route, filled with the new task`, 'proxy');

    deploy(3);
    await until('an answer of the corrected revision', () => answers(3));
    await until('no fault', () => faults().length === 0);
    remark(`corrected, no fault is left. ${host} answered ${answered} of ${asked} requests meanwhile`);
    await pause(2);
  },
};
