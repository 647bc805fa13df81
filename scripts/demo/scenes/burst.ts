import { job } from '../cast';
import { seconds } from '../follow';
import type { Step } from '../stage';

/** Each sends three events that wake the function: it runs, it is told to stop, it is gone. */
const jobs = 70;

export const burst: Step = {
  name: 'burst of 200 events',
  play: async ({ ecs, until, effort, reconciles, remark, pause }) => {
    const [before, runs, from] = [effort(), reconciles().length, Date.now()];
    ecs.createService({ name: 'jobs', taskDefinition: ecs.registerTaskDefinition(job), desiredCount: jobs });
    await ecs.steady('jobs');
    // Else the stop orders would come while the first events are still being answered, and be seen by the same read.
    await pause(1);
    ecs.updateService('jobs', { desiredCount: 0 });
    await until('the events of all jobs', () => effort().events - before.events >= 3 * jobs);
    const came = Date.now();
    await until('a quiet function', () => Date.now() - Math.max(came, reconciles().at(-1)?.at ?? 0) > 1_000);

    const [{ events, ecsReads }, all] = [effort(), reconciles().length - runs];
    remark(
      `${events - before.events} events in ${seconds(came - from)}: ${all} runs of the function; ` +
        `full reads of ECS: ${ecsReads - before.ecsReads}`,
      'aws',
    );
    await pause(1);
  },
};
