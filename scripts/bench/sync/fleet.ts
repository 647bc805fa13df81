import type { Backend, Server } from '../../../lib/haproxy/backend';

/** What one proxy should serve: so many tasks, the same number in each of its services. Each change is in the next generation. */
export function fleet(addresses: (index: number) => Omit<Server, 'name'>, count: number) {
  const services = Math.min(40, Math.ceil(count / 10));
  let started = 0;
  let hosts = 0;
  const start = (): Server => {
    const [name, place] = [(0xf00000000000 + started).toString(16).padStart(32, '0'), addresses(started)];
    started += 1;
    return { name, ...place };
  };
  const tasks = Array.from({ length: count }, start);

  const backend = (_: unknown, service: number): Backend => ({
    name: `demo.service-${service}`,
    cluster: 'demo',
    service: `service-${service}`,
    container: 'web',
    port: 8080,
    routes: Array.from({ length: service === 0 ? 1 + hosts : 1 }, (_, host) => ({
      host: `service-${service}${host === 0 ? '' : `-${host}`}.example.com`,
      path: '/',
      since: 1,
    })),
    labels: { check: '/', 'check.interval': '10s' },
    stopped: {},
    warned: {},
    servers: tasks.filter((_, index) => index % services === service),
  });
  return {
    services,
    backends: (): readonly Backend[] => Array.from({ length: services }, backend),
    /** Each of so many tasks, of all services in turn, stops, and a new one has started. */
    replace: (replaced: number): void => {
      for (let index = 0; index < replaced; index++) tasks[index] = start();
    },
    addHost: (): void => {
      hosts += 1;
    },
  };
}

export type Fleet = ReturnType<typeof fleet>;
