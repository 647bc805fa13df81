import { EC2Client } from '@aws-sdk/client-ec2';
import { ECSClient } from '@aws-sdk/client-ecs';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';
import type { SQSEvent } from 'aws-lambda';

import { comeBackSoon } from '../lib/aws/queue';
import { reconcileDeps } from '../lib/aws/reconcile-deps';
import type { Reflected } from '../lib/fleet/evidence';
import { lambda } from '../lib/lambda';
import { reconcile } from '../lib/reconcile';
import { readSettings } from '../lib/settings';

// The packager writes the pages in place of this name.
const settings = readSettings({ ...process.env, SLUICE_ERROR_PAGES: process.env.SLUICE_ERROR_PAGES });
// A call that hangs must leave time for another try, and for reporting the failure.
const patience = { connectionTimeout: 2_000, requestTimeout: 5_000, throwOnRequestTimeout: true };
const adaptive = { retryMode: 'adaptive', requestHandler: patience };
const sns = new SNSClient({ requestHandler: patience });
const clients = { ecs: new ECSClient(adaptive), ec2: new EC2Client(adaptive), ssm: new SSMClient(adaptive), sns };
const bringBack = comeBackSoon(new SQSClient({ requestHandler: patience }), settings.queueUrl);

// Built once per container, so that connections, caches and retry budgets outlive one event.
const deps = reconcileDeps(clients, settings);
const reflected: Reflected = { tasks: new Map() };

/** Runs when a task starts or gets a stop order, when a task host drains or gets a Spot warning, and every five minutes. */
export const handler = lambda(
  ({ Records }: SQSEvent) => {
    const messages = Records.map(({ body, attributes }) => ({
      body,
      receives: Number(attributes.ApproximateReceiveCount),
    }));
    return reconcile(messages, deps, reflected);
  },
  ({ Records }) => bringBack(Records),
);
