import type { Moment, World } from '../../local/world';

/** What the played AWS did between two moments of a deploy, each in epoch milliseconds. */
export type Trace = {
  readonly moments: readonly Pick<Moment, 'at' | 'kind'>[];
  readonly invocations: readonly { readonly at: number; readonly durationMs: number }[];
  readonly calls: readonly { readonly at: number; readonly action: string }[];
};

export function traceOf(world: World, moments: readonly Moment[], since: number): Trace {
  const isLater = ({ at }: { at: number }) => at >= since;
  return { moments, invocations: world.reconciles().filter(isLater), calls: world.aws.api.calls.filter(isLater) };
}

export const stages = [
  'RUNNING → the queue has the event',
  'the queue → the function starts',
  'the function starts → it has read ECS',
  'it has read ECS → it has published',
  'published → Run Command is sent',
  'Run Command is sent → its script starts',
  'the script starts → the sync ends',
  'the sync ends → the first request on a new task',
] as const;

/** How long each stage took on the way of the first new task; `undefined` when the way had another order. */
export function stagesOf({ moments, invocations, calls }: Trace, running: number, first: number) {
  const next = <Each extends { readonly at: number }>(all: readonly Each[], after: number | undefined) =>
    after === undefined ? undefined : all.find(({ at }) => at >= after);
  const event = next(
    moments.filter(({ kind }) => kind === 'event'),
    running,
  )?.at;
  const run = next(invocations, event);
  const own = calls.filter(({ at }) => run !== undefined && at >= run.at && at <= run.at + run.durationMs);
  const read = own.filter(({ action }) => action.startsWith('ecs:')).at(-1)?.at;
  const published = own.filter(({ action }) => action === 'ssm:PutParameter').at(-1)?.at;
  const sent = own.find(({ action }) => action === 'ssm:SendCommand')?.at;
  const script = next(
    moments.filter(({ kind }) => kind === 'command'),
    sent,
  )?.at;
  const synced = next(
    moments.filter(({ kind }) => kind === 'synced'),
    script,
  )?.at;
  const passed = [running, event, run?.at, read, published, sent, script, synced, first];
  const took = passed.slice(1).map((at, index) => (at ?? Number.NaN) - (passed[index] ?? Number.NaN));
  // A task may answer before the sync has ended, because the sync still checks its own work.
  return took.slice(0, -1).every((ms) => ms >= 0) ? took : undefined;
}
