import { EC2Client } from '@aws-sdk/client-ec2';
import { ECSClient } from '@aws-sdk/client-ecs';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';
import type { SQSEvent } from 'aws-lambda';

import { ecsReader } from '../lib/aws/ecs';
import { hostReader } from '../lib/aws/instances';
import { nudge } from '../lib/aws/nudge';
import { parameterStore } from '../lib/aws/parameters';
import { comeBackSoon } from '../lib/aws/queue';
import { metricsNamespace } from '../lib/entrance/metrics';
import { probe } from '../lib/entrance/probe';
import type { Reflected } from '../lib/fleet/reflected';
import { lambda, log } from '../lib/lambda';
import { reconcile } from '../lib/reconcile';
import { readSettings } from '../lib/settings';

const settings = readSettings(process.env);
// A call that hangs must leave time for another try, and for saying so.
const patience = { connectionTimeout: 2_000, requestTimeout: 5_000, throwOnRequestTimeout: true };
const ecs = new ECSClient({ retryMode: 'adaptive', requestHandler: patience });
const ec2 = new EC2Client({ retryMode: 'adaptive', requestHandler: patience });
const ssm = new SSMClient({ retryMode: 'adaptive', requestHandler: patience });
const bringBack = comeBackSoon(new SQSClient({ requestHandler: patience }), settings.queueUrl);

// Built once per container, so that connections, caches and retry budgets outlive one event.
const deps = {
  ...ecsReader(ecs, hostReader(ecs, ec2), settings.clusters),
  ...parameterStore(ssm, settings.prefix),
  nudge: nudge(ssm, settings),
  probe: probe({ ...settings, namespace: metricsNamespace(settings.prefix) }, log, Date.now),
  now: Date.now,
};

const reflected: Reflected = { tasks: new Map() };

/** Runs when a task starts or is told to stop, when a host drains or has a Spot warning, and every five minutes. */
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
