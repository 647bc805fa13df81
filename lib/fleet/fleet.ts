import type { LabelledContainer } from '../routes/labels';
import type { Task } from './task';

/** A task definition as far as routing needs it; immutable, so it can be remembered by its ARN for ever. */
export type Definition = { readonly revision: number; readonly containers: readonly LabelledContainer[] };

/** Everything that ECS and EC2 say at one look. */
export type Fleet = {
  readonly tasks: readonly Task[];
  /** By ARN, for every running task. */
  readonly definitions: ReadonlyMap<string, Definition>;
  /** Private address of the host, by container instance ARN. */
  readonly addresses: ReadonlyMap<string, string>;
};

/** A service's own count of its running tasks, by `<cluster>/<service>`; a service that is gone has none. */
export type Witness = ReadonlyMap<string, number>;

export const serviceKey = ({ cluster, service }: { readonly cluster: string; readonly service?: string }): string =>
  `${cluster}/${service}`;
