import { setTimeout as pause } from 'node:timers/promises';

import { SSMClient } from '@aws-sdk/client-ssm';
import type { CloudFormationCustomResourceEvent, Context } from 'aws-lambda';

import { stageParameters } from '../lib/aws/remove-parameters';
import { answer } from '../lib/cloudformation';
import { log } from '../lib/lambda';
import { removeAll } from '../lib/unmake';

const prefix = process.env.SLUICE_PREFIX ?? '';
const parameters = stageParameters(new SSMClient({ retryMode: 'adaptive', maxAttempts: 8 }), prefix);

/** CloudFormation's hand for what it did not make: when the stack goes, so do the stage's parameters. */
export async function handler(event: CloudFormationCustomResourceEvent, { getRemainingTimeInMillis }: Context) {
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
