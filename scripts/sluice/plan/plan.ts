import { EC2Client } from '@aws-sdk/client-ec2';
import { ECSClient } from '@aws-sdk/client-ecs';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SSMClient } from '@aws-sdk/client-ssm';

import { readDeps } from '../../../lib/aws/reconcile-deps';
import { decide } from '../../../lib/decide';
import { readEvidence } from '../../../lib/fleet/evidence';
import { printableJson } from '../../../lib/printable';
import { named } from '../stage';
import type { Deps, Run } from '../verb';
import { changesOf } from './changes';
import { deployedSettings } from './deployed';
import { printed } from './print';

/** Reads and decides as reconcile does when a tick comes. */
export const run: Run = async ({ region, stage, json }, { terminal, config, now }) => {
  const clients = clientsWith(config(region));
  const settings = await deployedSettings(clients.lambda, named(stage, region));
  countDescribed(clients.ecs, { terminal, now });
  const decision = await decide(readEvidence([JSON.stringify({ source: 'sluice.tick' })]), {
    ...readDeps(clients, settings),
    now,
  });
  terminal.progress('');

  const planned = changesOf(decision, settings.stageSettings);
  terminal.say(json ? printableJson({ stage, region, ...planned }, 2) : printed(planned, terminal));
  return planned.action === 'refuse' || planned.faults.length > 0 ? 1 : 0;
};

const clientsWith = (config: ReturnType<Deps['config']>) => ({
  ecs: new ECSClient(config),
  ec2: new EC2Client(config),
  ssm: new SSMClient(config),
  lambda: new LambdaClient(config),
});

/** Shows how far it is, once it takes longer than a second. */
function countDescribed(ecs: ECSClient, { terminal, now }: Pick<Deps, 'terminal' | 'now'>): void {
  const start = now();
  let [listed, described] = [0, 0];
  const counted = (count: number) => count.toLocaleString('en');
  ecs.middlewareStack.add(
    (next, { commandName }) =>
      async (asked) => {
        const answered = await next(asked);
        const { taskArns = [] } = answered.output as { taskArns?: readonly string[] };
        const { tasks = [] } = asked.input as { tasks?: readonly string[] };
        listed += taskArns.length;
        if (commandName === 'DescribeTasksCommand') described += tasks.length;
        const words =
          described === 0
            ? `listed ${counted(listed)} tasks`
            : `described ${counted(described)} of ${counted(Math.max(listed, described))} tasks`;
        if (now() - start > 1000) terminal.progress(words);
        return answered;
      },
    { step: 'initialize', name: 'countDescribed' },
  );
}
