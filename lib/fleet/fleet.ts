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

/** A task definition as far as routing needs it; it is immutable, so it can be remembered by its ARN for ever. */
export type Definition = {
  readonly revision: number;
  /** `bridge`, `host`, `awsvpc`, `none`, or `default` for Docker's own, which is bridge. */
  readonly network: string;
  readonly containers: readonly LabelledContainer[];
};

/** A container instance. It has no address while EC2 does not know it (any more, or yet). */
export type Host = {
  readonly instanceId: string;
  readonly address?: string;
  /** EC2 names only an IPv6 address of it. */
  readonly ipv6Only?: true;
  readonly draining: boolean;
};

/** Everything that ECS and EC2 say in one run. */
export type Fleet = {
  readonly tasks: readonly Task[];
  /** By ARN, for every running task; an unreadable one is left out. */
  readonly definitions: ReadonlyMap<string, Definition>;
  /** By container instance ARN. */
  readonly hosts: ReadonlyMap<string, Host>;
  /** The names of the clusters in the settings. */
  readonly clusters: readonly string[];
  /** Those of them that do not exist (any more). */
  readonly missingClusters: readonly string[];
  readonly unread: readonly Unread[];
};

/** One thing that ECS or EC2 refused to describe, or described unreadably. All else was read. */
export type Unread = {
  /** Such as `task <ARN>`. */
  readonly what: string;
  /** The faulty fields, or AWS's refusal. */
  readonly why: string;
  /** The services it concerns, as `<cluster>/<service>`, where they are known. */
  readonly services: readonly string[];
  /** Present if it is a task; `stopping` if at least its stop order can be read. */
  readonly task?: { readonly id: string; readonly stopping: boolean };
};

/**
 * Each service's own count of its running tasks, by `<cluster>/<service>`, or the reason why ECS does not count them.
 * A service that is gone has no entry.
 */
export type Witness = ReadonlyMap<string, number | string>;

type Owned = { readonly cluster: string; readonly service: string };

export const serviceKey = ({ cluster, service }: Owned): string => `${cluster}/${service}`;

/** Whether ECS knows a service of this name: it counts its tasks, and may well have none. A task started alone has a name with a dot. */
export const isService = ({ service }: Pick<Owned, 'service'>): boolean => !service.startsWith('.');
