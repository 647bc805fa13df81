import { hello } from '../../demo/cast';
import type { TaskDefinitionInput, World } from '../../local/world';

/** A service that is deployed, and the host that leads to it. */
export type Service = { readonly name: string; readonly host: string; readonly preStop: boolean };

export const services: readonly Service[] = [
  { name: 'with-pre-stop', host: 'with.example', preStop: true },
  { name: 'without-pre-stop', host: 'without.example', preStop: false },
];

export const tasksEach = 6;

/**
 * The demo's tasks, with the labels that Sluice reads and those that Traefik reads. Tasks have hosts of their own; here twelve that start
 * at once would hold up the proxies and the functions, so they come last on the processor.
 */
function definition({ name, host, preStop }: Service, version: number): TaskDefinitionInput {
  const labels = {
    'haproxy.host': host,
    'haproxy.check': '/health',
    'traefik.enable': 'true',
    [`traefik.http.routers.${name}.rule`]: `Host(\`${host}\`)`,
  };
  const { containers } = hello(version, { preStop });
  const last = containers.map((each) => ({ ...each, command: ['nice', '-n', '10', ...each.command] }));
  return { family: name, containers: last.map((each) => (each.name === 'hello' ? { ...each, labels } : each)) };
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
