import { join } from 'node:path';

import type { TaskDefinitionInput } from '../local/world';

const program = join(__dirname, '../local/hello.mjs');

/**
 * Sleeps on SIGTERM. ECS stops a container before those it depends on, so the app beside it serves on
 * until the stop order has reached the proxy, and needs no change for it.
 */
const preStop = "trap 'sleep 10; exit 0' TERM; while :; do sleep 1; done";

/** A version of the service that the story is about: labels, a health check, and a container that delays the stop. */
export const hello = (version: number): TaskDefinitionInput => ({
  family: 'hello-world',
  containers: [
    {
      name: 'hello',
      command: ['node', program],
      containerPort: 8080,
      labels: { 'haproxy.host': '*', 'haproxy.check': '/health' },
      healthCheck: true,
      environment: { VERSION: `${version}` },
    },
    { name: 'pre-stop', command: ['sh', '-c', preStop], dependsOn: ['hello'], stopTimeoutSeconds: 15 },
  ],
});

/** The same program with a port, but without labels: nothing may ever be routed to it. */
export const worker: TaskDefinitionInput = {
  family: 'worker',
  containers: [{ name: 'worker', command: ['node', program], containerPort: 8080 }],
};
