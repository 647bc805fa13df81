import type { Task } from './cluster';
import type { Run } from './function';

/** What a run knows of a task. */
export type Believed = Pick<Task, 'id' | 'service' | 'revision' | 'instance' | 'hostPort' | 'createdAt' | 'version'> & {
  readonly running: boolean;
  readonly stopping: boolean;
};

type Raw = {
  readonly taskArn: string;
  readonly taskDefinitionArn: string;
  readonly containerInstanceArn: string;
  readonly group: string;
  readonly version: number;
  readonly createdAt: string | Date;
  readonly desiredStatus: string;
  readonly lastStatus: string;
  readonly containers: readonly { readonly networkBindings: readonly { readonly hostPort: number }[] }[];
};

const last = (arn: string): string => arn.split('/').at(-1) ?? arn;

const read = (raw: Raw): Believed => ({
  id: last(raw.taskArn),
  service: raw.group.replace('service:', ''),
  revision: Number(raw.taskDefinitionArn.split(':').at(-1)),
  instance: last(raw.containerInstanceArn),
  hostPort: raw.containers[0]?.networkBindings[0]?.hostPort ?? 0,
  createdAt: new Date(raw.createdAt).getTime(),
  version: raw.version,
  running: raw.desiredStatus === 'RUNNING' && raw.lastStatus === 'RUNNING',
  stopping: raw.desiredStatus === 'STOPPED',
});

/** What a run must believe: the answers of ECS, and events of the last minute that know a later version. */
export function believed({ shown, messages }: Run, now: number): readonly Believed[] {
  const known = new Map((shown as Raw[]).map((raw) => [last(raw.taskArn), read(raw)]));
  for (const { body } of messages) {
    const event = JSON.parse(body) as { 'detail-type'?: string; time: string; detail: Raw };
    if (event['detail-type'] !== 'ECS Task State Change' || now - Date.parse(event.time) >= 60_000) continue;
    const task = read(event.detail);
    const other = known.get(task.id);
    if (task.version > (other?.version ?? -1) && !other?.stopping) known.set(task.id, task);
  }
  return [...known.values()];
}
