import { join } from 'node:path';

import type { TaskDefinitionInput } from '../local/world';

const program = join(__dirname, '../../resources/hello-world/hello.mjs');

/** Sleeps on SIGTERM. ECS stops it before the app that it depends on, which serves until the stop order has reached the proxy. */
const preStop = "trap 'sleep 10; exit 0' TERM; while :; do sleep 1; done";
const sidecar = { name: 'pre-stop', command: ['sh', '-c', preStop], dependsOn: ['hello'], stopTimeoutSeconds: 15 };

const application = (version: number, labels: Record<string, string>) => ({
  name: 'hello',
  command: ['node', program],
  containerPort: 8080,
  labels,
  healthCheck: true,
  environment: { VERSION: `${version}` },
});

/** A version of the service that the demo measures: labels, a health check, and a container that delays the stop. */
export const hello = (version: number, { preStop = true } = {}): TaskDefinitionInput => ({
  family: 'hello-world',
  containers: [
    application(version, { 'haproxy.host': '*', 'haproxy.check': '/health' }),
    ...(preStop ? [sidecar] : []),
  ],
});

/** A second service, with a host of its own. */
export const shop = (
  version: number,
  labels: Record<string, string> = { 'haproxy.host': 'shop.example' },
): TaskDefinitionInput => ({ family: 'shop', containers: [application(version, labels), sidecar] });

/** One of many that come and go at once. */
export const job: TaskDefinitionInput = {
  family: 'job',
  containers: [{ name: 'job', command: ['sleep', '600'], stopTimeoutSeconds: 1 }],
};

/** The same program with a port, but without labels: nothing may be routed to it. */
export const worker: TaskDefinitionInput = {
  family: 'worker',
  containers: [{ name: 'worker', command: ['node', program], containerPort: 8080 }],
};

/** Ends as soon as it has started, again and again. */
export const crashing: TaskDefinitionInput = {
  family: 'shop',
  containers: [
    {
      ...application(1, { 'haproxy.host': 'shop.example' }),
      command: ['sh', '-c', 'echo "cannot reach the database"; exit 1'],
    },
  ],
};

/** Services without labels. */
export const unlabelled: readonly string[] = [worker.family, 'jobs'];
