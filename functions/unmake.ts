import { setTimeout as pause } from 'node:timers/promises';

import { AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import { SSMClient } from '@aws-sdk/client-ssm';
import type { CloudFormationCustomResourceEvent, Context } from 'aws-lambda';

import { stageParameters } from '../lib/aws/parameters';
import { lambda, log } from '../lib/lambda';
import { readSettings, unmake } from '../lib/unmake/unmake';

const { prefix } = readSettings(process.env);
// A call that hangs until the run ends is not repeated.
const patience = { connectionTimeout: 2_000, requestTimeout: 10_000, throwOnRequestTimeout: true };
const parameters = stageParameters(new SSMClient({ retryMode: 'adaptive', maxAttempts: 8 }), prefix);
const autoScaling = new AutoScalingClient({ requestHandler: patience });

/** Runs when CloudFormation creates, changes or deletes a custom resource: a removal deletes what CloudFormation did not create. */
export const handler = lambda((event: CloudFormationCustomResourceEvent, { getRemainingTimeInMillis }: Context) =>
  unmake(event, {
    ...{ prefix, ...parameters, autoScaling, log },
    pause: (ms: number) => pause(ms),
    remainingMs: getRemainingTimeInMillis,
  }),
);
