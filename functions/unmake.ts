import { setTimeout as pause } from 'node:timers/promises';

import { SSMClient } from '@aws-sdk/client-ssm';
import type { CloudFormationCustomResourceEvent, Context } from 'aws-lambda';

import { stageParameters } from '../lib/aws/remove-parameters';
import { log } from '../lib/lambda';
import { fromEnvironment, queries } from '../lib/sync/aws/query';
import { answer } from '../lib/unmake/cloudformation';
import { releaseHosts } from '../lib/unmake/draining';
import { removeAll } from '../lib/unmake/unmake';

const prefix = process.env.SLUICE_PREFIX ?? '';
const parameters = stageParameters(new SSMClient({ retryMode: 'adaptive', maxAttempts: 8 }), prefix);
const query = queries(process.env.AWS_ENDPOINT_URL, 10_000, async () => fromEnvironment(process.env));

type Event = CloudFormationCustomResourceEvent;

/** CloudFormation's hand for what it did not make, when the stack goes: the stage's parameters, and what holds its hosts. */
export const handler = (event: Event, context: Context): Promise<void> =>
  event.ResourceType === 'Custom::HostDraining' ? release(event) : unmake(event, context);

async function unmake(event: Event, { getRemainingTimeInMillis }: Context) {
  const deps = { ...parameters, pause: (ms: number) => pause(ms), remainingMs: getRemainingTimeInMillis };
  // Always the same: another one would have CloudFormation delete what is below, in the middle of an update.
  const id = prefix;
  if (event.RequestType !== 'Delete') return answer(event, { id });
  const fault = await removeAll(deps).then(
    (count) => log('removed', { prefix, parameters: count }),
    (error: Error) => `The parameters below ${prefix} could not be removed: ${error.message}`,
  );
  if (fault) log('failed', { error: fault });
  return answer(event, { id, ...(fault && { fault }) });
}

/** A failure holds up nothing but itself: the hosts end by themselves, an hour later. */
async function release(event: Event) {
  const id = String(event.ResourceProperties.Group);
  if (event.RequestType === 'Delete')
    await releaseHosts(query, id).catch((error: Error) =>
      log('failed', { error: `Releasing ${id}: ${error.message}` }),
    );
  return answer(event, { id });
}
