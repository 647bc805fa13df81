import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

import { Route53Client } from '@aws-sdk/client-route-53';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';
import type { Context } from 'aws-lambda';
import { renew } from '../lib/certificates/renew';
import { readSettings } from '../lib/certificates/settings';
import { lambda } from '../lib/lambda';
import { renewalDeps } from '../lib/renewal-deps';

const settings = readSettings(process.env);
const patience = { connectionTimeout: 2_000, requestTimeout: 10_000, throwOnRequestTimeout: true };
const clients = {
  ssm: new SSMClient({ retryMode: 'adaptive', requestHandler: patience }),
  sqs: new SQSClient({ requestHandler: patience }),
  // Five calls a second for the whole account: others may be using them up.
  route53: new Route53Client({ retryMode: 'adaptive', maxAttempts: 8, requestHandler: patience }),
};

/** Runs twice a day, whenever the stack was deployed, and whenever somebody invokes it. */
export const handler = lambda((event: { source?: string }, { getRemainingTimeInMillis }: Context) => {
  const run = { owner: randomUUID(), remainingMs: getRemainingTimeInMillis, pause: (ms: number) => pause(ms) };
  return renew(event.source !== 'sluice.schedule', renewalDeps(settings, clients, run));
});
