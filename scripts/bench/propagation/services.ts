import { hello } from '../../demo/cast';
import type { TaskDefinitionInput, World } from '../../local/world';
import { givingWay } from './priority';

/** A service that is deployed, and the host that leads to it. */
export type Service = { readonly name: string; readonly host: string; readonly preStop: boolean };

export const services: readonly Service[] = [
  { name: 'with-pre-stop', host: 'with.example', preStop: true },
  { name: 'without-pre-stop', host: 'without.example', preStop: false },
];

export const tasksEach = 6;

/**
 * The demo's tasks, with the labels that Sluice reads and those that Traefik reads. Twelve that start at once on one machine would hold
 * up the proxies and the functions, so they give way.
 */
function definition({ name, host, preStop }: Service, version: number): TaskDefinitionInput {
  const labels = {
    'haproxy.host': host,
    'haproxy.check': '/health',
    'traefik.enable': 'true',
    [`traefik.http.routers.${name}.rule`]: `Host(\`${host}\`)`,
  };
  const containers = hello(version, { preStop }).containers.map((each) => ({
    ...each,
    command: [...givingWay, ...each.command],
    ...(each.name === 'hello' && { labels }),
  }));
  return { family: name, containers };
}

export async function createServices({ ecs }: World): Promise<void> {
  for (const service of services)
    ecs.createService({
      name: service.name,
      taskDefinition: ecs.registerTaskDefinition(definition(service, 1)),
      desiredCount: tasksEach,
    });
  await steady(ecs);
}

/** Begins a rolling deploy of each service at the same moment. */
export function deploy({ ecs }: World, version: number): void {
  for (const service of services)
    ecs.updateService(service.name, { taskDefinition: ecs.registerTaskDefinition(definition(service, version)) });
}

export const steady = (ecs: World['ecs']): Promise<unknown> =>
  Promise.all(services.map(({ name }) => ecs.steady(name)));
