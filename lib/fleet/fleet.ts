import type { PortRange, Task } from './task';

export type LabelledContainer = {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** TCP ports that are mapped one by one. */
  readonly ports: readonly number[];
  readonly ranges: readonly PortRange[];
};

/** A task definition is immutable, so it can be remembered by its ARN. */
export type Definition = {
  readonly revision: number;
  /** `bridge`, `host`, `awsvpc`, `none`, or `default` for Docker's own, which is bridge. */
  readonly network: string;
  readonly containers: readonly LabelledContainer[];
};

/** `address` is absent while EC2 does not know the instance yet, or any more. */
export type Host = {
  readonly instanceId: string;
  readonly address?: string;
  readonly ipv6Only?: true;
  readonly draining: boolean;
};

/** A stored secret's version, as labels are published with it, or why it cannot be used. */
export type Secret = { readonly version: string } | { readonly fault: string };

/** By owner and name, such as `demo.shop/staff`. */
export type Secrets = ReadonlyMap<string, Secret>;

export type Fleet = {
  readonly tasks: readonly Task[];
  /** By ARN, for every running task; an unreadable one is left out. */
  readonly definitions: ReadonlyMap<string, Definition>;
  readonly hosts: ReadonlyMap<string, Host>;
  /** Those that labels of running tasks name. */
  readonly secrets: Secrets;
  /** The clusters of the settings, by name. */
  readonly clusters: readonly string[];
  readonly missingClusters: readonly string[];
  readonly unread: readonly Unread[];
};

/** One thing that ECS or EC2 refused to describe, or described unreadably. All else was read. */
export type Unread = {
  readonly what: string;
  readonly why: string;
  /** The services that it concerns, if known. */
  readonly services: readonly string[];
  /** Present if it is a task; `stopping` if at least its stop order can be read. */
  readonly task?: { readonly id: string; readonly stopping: boolean };
};

/** Each service's own count of its running tasks, or why ECS does not count them; no entry if the service is gone. */
export type Witness = ReadonlyMap<string, number | string>;

type Owned = { readonly cluster: string; readonly service: string };

export const serviceKey = ({ cluster, service }: Owned): string => `${cluster}/${service}`;

/** A task that was started alone has a service name with a dot; ECS has no count for it. */
export const isService = ({ service }: Pick<Owned, 'service'>): boolean => !service.startsWith('.');
