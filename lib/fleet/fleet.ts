import type { PortRange } from './ports';
import type { Task } from './task';

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
export type Host = {
  readonly instanceId: string;
  readonly address?: string;
  /** EC2 names an IPv6 address of it, and no other. */
  readonly ipv6Only?: true;
  readonly draining: boolean;
};

/** Everything that ECS and EC2 say at one look. */
export type Fleet = {
  readonly tasks: readonly Task[];
  /** By ARN, for every running task; one that cannot be read is left out. */
  readonly definitions: ReadonlyMap<string, Definition>;
  /** By container instance ARN. */
  readonly hosts: ReadonlyMap<string, Host>;
  /** The clusters that are looked at, by name. */
  readonly clusters: readonly string[];
  /** Those of them that do not exist (any more). */
  readonly missingClusters: readonly string[];
  readonly unread: readonly Unread[];
};

/** One thing that ECS or EC2 would not describe, or described so that nobody can read it. All else was read. */
export type Unread = {
  /** What it is, with its ARN. */
  readonly what: string;
  /** The fields, or AWS's refusal, in words. */
  readonly why: string;
  /** Whom it concerns, by `<cluster>/<service>`, where that is known. */
  readonly services: readonly string[];
  /** Where it is a task; `stopping` if at least its stop order can be read. */
  readonly task?: { readonly id: string; readonly stopping: boolean };
};

/**
 * A service's own count of its running tasks, by `<cluster>/<service>`, or why ECS would not count them, in words.
 * A service that is gone has none.
 */
export type Witness = ReadonlyMap<string, number | string>;

type Owned = { readonly cluster: string; readonly service: string };

export const serviceKey = ({ cluster, service }: Owned): string => `${cluster}/${service}`;

/** Whether a service stands behind tasks: it counts them, and may well have none. */
export const isService = ({ service }: Pick<Owned, 'service'>): boolean => !service.startsWith('.');
