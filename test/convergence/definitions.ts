import type { TaskDefinition } from '@aws-sdk/client-ecs';

/** What the labels of a revision ask for. */
export const variants = ['plain', 'moved', 'two', 'deaf', 'removed', 'faulty', 'conflicting'] as const;
export type Variant = (typeof variants)[number];

export type Asked = { readonly backend: string; readonly routes: readonly string[] };

export const services = ['a', 'b', 'c'] as const;
export const containerPort = 8080;

const labels = (service: string, variant: Variant): Record<string, string> => {
  const host = `${service}.test`;
  const next = services[(services.indexOf(service as 'a') + 1) % 3];
  const of: Record<Variant, Record<string, string>> = {
    plain: { 'haproxy.host': host },
    deaf: { 'haproxy.host': host },
    moved: { 'haproxy.host': `${host}, new-${host}`, 'haproxy.check': '/health' },
    two: { 'haproxy.host': host, 'haproxy.api.host': host, 'haproxy.api.path': '/api' },
    removed: {},
    faulty: { 'haproxy.hots': host },
    conflicting: { 'haproxy.host': `${host}, ${next}.test` },
  };
  return of[variant];
};

/** The backends and `<host><path>` that a revision asks for, read independently of lib/. */
export function asked(service: string, variant: Variant): readonly Asked[] {
  const { 'haproxy.host': host, 'haproxy.api.host': api, 'haproxy.api.path': path } = labels(service, variant);
  const main = host === undefined ? [] : [{ backend: `demo.${service}`, routes: host.split(', ').map((h) => `${h}/`) }];
  return api === undefined ? main : [...main, { backend: `demo.${service}.api`, routes: [`${api}${path}`] }];
}

/** A task definition as ECS describes it. */
export const describedDefinition = (family: string, revision: number, variant: Variant): TaskDefinition => ({
  family,
  revision,
  networkMode: 'bridge',
  containerDefinitions: [
    { name: 'web', dockerLabels: labels(family, variant), portMappings: [{ containerPort, protocol: 'tcp' }] },
  ],
});
