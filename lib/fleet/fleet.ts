import type { PortRange, Task } from './task';

/** A container of a task definition, as far as routing needs it. */
export type LabelledContainer = {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** TCP ports that the task definition maps one by one. */
  readonly ports: readonly number[];
  /** TCP ports that it maps as ranges. */
  readonly ranges: readonly PortRange[];
};

/** A task definition as far as routing needs it; immutable, so it can be remembered by its ARN for ever. */
export type Definition = {
  readonly revision: number;
  /** `bridge`, `host`, `awsvpc`, `none`, or `default` for Docker's own, which is bridge. */
  readonly network: string;
  readonly containers: readonly LabelledContainer[];
};

/** A container instance. Without an address it is not known to EC2 (any more, or yet). */
export type Host = { readonly instanceId: string; readonly address?: string; readonly draining: boolean };

/** Everything that ECS and EC2 say at one look. */
export type Fleet = {
  readonly tasks: readonly Task[];
  /** By ARN, for every running task. */
  readonly definitions: ReadonlyMap<string, Definition>;
  /** By container instance ARN. */
  readonly hosts: ReadonlyMap<string, Host>;
  /** The clusters that are looked at, by name. */
  readonly clusters: readonly string[];
  /** Those of them that do not exist (any more). */
  readonly missingClusters: readonly string[];
};

/** A service's own count of its running tasks, by `<cluster>/<service>`; a service that is gone has none. */
export type Witness = ReadonlyMap<string, number>;

type Owned = { readonly cluster: string; readonly service: string };

export const serviceKey = ({ cluster, service }: Owned): string => `${cluster}/${service}`;

/** Whether a service stands behind tasks: it counts them, and may well have none. */
export const isService = ({ service }: Pick<Owned, 'service'>): boolean => !service.startsWith('.');
