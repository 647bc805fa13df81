import { hello } from '../cast';
import { type Stage, type Step, service } from '../stage';

/** The old tasks have a container that delays their stop: they serve until the proxy knows. */
export const deployWithPreStop: Step = {
  name: 'deploy version 2',
  play: async (stage) => {
    const rescued = await deploy(stage, { maximumPercent: 200, ...version(stage, hello(2, { preStop: false })) });
    stage.remark(`${rescued} connections had to be tried again: the old tasks had a pre-stop container`, 'proxy');
    await stage.pause(3);
  },
};

/**
 * The old tasks have none, and end before the proxy can know. Two of six at a time: ECS counts a new task as soon as
 * it is healthy, so with 200 % it would stop all old ones while the proxy has not heard of any new one.
 */
export const deployWithout: Step = {
  name: 'deploy without pre-stop',
  play: async (stage) => {
    const rescued = await deploy(stage, { maximumPercent: 134, ...version(stage, hello(3)) });
    stage.remark(
      `${rescued} connections had to be tried again, unseen by visitors: the old tasks had no pre-stop container. ` +
        'Replaced all at once instead of two at a time, they would have been gone before the proxy knew any new one',
      'proxy',
    );
    await stage.pause(3);
  },
};

const version = ({ ecs }: Stage, definition: ReturnType<typeof hello>) => ({
  taskDefinition: ecs.registerTaskDefinition(definition),
});

type Change = Parameters<Stage['ecs']['updateService']>[1];

async function deploy({ ecs, rescues, settled }: Stage, change: Change): Promise<number> {
  const before = await rescues();
  ecs.updateService(service, change);
  await settled();
  const after = await rescues();
  return after.retries + after.redispatches - before.retries - before.redispatches;
}
