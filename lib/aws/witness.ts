import {
  DescribeServicesCommand,
  type DescribeServicesCommandOutput,
  type ECSClient,
  type Service,
} from '@aws-sdk/client-ecs';
import { z } from 'zod';

import { fieldsOf } from '../fleet/fields';
import { serviceKey, type Witness } from '../fleet/fleet';
import { askEach, refusal } from './ask-each';
import { always, alwaysList } from './malformed';
import { noCluster } from './tasks';

/** The running tasks that each service itself counts; a service that is gone or deleted is left out. */
export async function readWitness(client: ECSClient, services: readonly string[]): Promise<Witness> {
  const witness = new Map<string, number | string>();
  for (const cluster of new Set(services.map((service) => service.split('/')[0] ?? ''))) {
    const names = services
      .filter((service) => service.startsWith(`${cluster}/`))
      .map((service) => service.slice(cluster.length + 1));
    const { answers, refused } = await askEach(names, {
      size: 10,
      what: () => `Describing services of cluster ${cluster}`,
      ask: (batch) =>
        client
          .send(new DescribeServicesCommand({ cluster, services: batch }))
          .then((answer) => countsIn(answer, batch))
          .catch(noCluster),
    });
    const counts = answers.flatMap((answer) => [...(answer ?? [])]);
    const refusals = [...refused].map(([name, error]) => [name, refusal(error)] as const);
    for (const [service, count] of [...counts, ...refusals]) witness.set(serviceKey({ cluster, service }), count);
  }
  return witness;
}

/** A service that is not told about does not count as gone, with all its servers. */
function countsIn(
  answer: DescribeServicesCommandOutput,
  asked: readonly string[],
): ReadonlyMap<string, number | string> {
  const services = alwaysList('services', answer.services);
  const counts = new Map<string, number | string>();
  const gone = new Set<string>();
  for (const { arn = '', reason, detail } of answer.failures ?? []) {
    if (reason === 'MISSING') gone.add(last(arn));
    else counts.set(last(arn), `ECS answers ${[reason, detail].filter(Boolean).join(', ')}`);
  }
  for (const service of services) {
    if (service?.status === 'INACTIVE') gone.add(String(service.serviceName));
    else counts.set(String(service?.serviceName), countOf(service));
  }
  const told = asked.filter((name) => gone.has(name) || counts.has(name));
  always(
    'runningCount',
    told[0],
    told.some((name) => gone.has(name) || counts.get(name) !== missing),
  );
  for (const name of asked) if (!told.includes(name)) counts.set(name, 'ECS answers nothing about it');
  return new Map([...counts].filter(([name]) => asked.includes(name)));
}

const counted = z.object({ runningCount: z.number() });
const missing = 'runningCount is missing';

function countOf(service: Service): number | string {
  const read = fieldsOf(counted, service);
  return 'why' in read ? read.why : read.value.runningCount;
}

const last = (nameOrArn: string): string => nameOrArn.split('/').at(-1) ?? nameOrArn;
