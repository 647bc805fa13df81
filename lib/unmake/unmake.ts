import { type AutoScalingClient, DeleteLifecycleHookCommand } from '@aws-sdk/client-auto-scaling';
import type { CloudFormationCustomResourceEvent, CloudFormationCustomResourceResponse } from 'aws-lambda';

import { prefixPattern, prefixRule } from '../generation/generation';
import { cut, printable } from '../printable';

export type Deps = {
  readonly prefix: string;
  /** Returns all names. */
  readonly list: () => Promise<readonly string[]>;
  readonly remove: (names: readonly string[]) => Promise<void>;
  readonly autoScaling: AutoScalingClient;
  readonly pause: (milliseconds: number) => Promise<unknown>;
  readonly remainingMs: () => number;
  readonly log: (message: string, fields: object) => void;
};

/** Without the schemas of the other functions: they would be half of this one's bundle. */
export function readSettings({ SLUICE_PREFIX: prefix = '' }: Readonly<Record<string, string | undefined>>) {
  if (prefixPattern.test(prefix)) return { prefix };
  throw new Error(`Settings of the function are faulty, deploy them again: SLUICE_PREFIX: ${prefixRule}`);
}

type Event = CloudFormationCustomResourceEvent;

/** `fault` is absent on success. */
export type Result = { readonly id: string; readonly fault?: string };

/** Only a removal changes anything. */
export async function unmake(event: Event, deps: Deps): Promise<Result> {
  const act = acts[event.ResourceType];
  const result = act
    ? await act(event, deps)
    : { id: event.LogicalResourceId, fault: `there is no ${event.ResourceType}` };
  await report(event, result);
  return result;
}

const acts: Readonly<Record<string, (event: Event, deps: Deps) => Promise<Result>>> = {
  'Custom::StageParameters': removeParameters,
  'Custom::HostDraining': releaseHosts,
};

async function removeParameters({ RequestType }: Event, deps: Deps): Promise<Result> {
  // DANGER: the physical id must never change. CloudFormation would delete the old resource, and with it every parameter, during an update.
  const id = deps.prefix;
  if (RequestType !== 'Delete') return { id };
  try {
    deps.log('removed', { prefix: id, parameters: await removeAll(deps) });
    return { id };
  } catch (error) {
    const fault = `The parameters below ${id} could not be removed: ${(error as Error).message}`;
    deps.log('failed', { error: fault });
    return { id, fault };
  }
}

/** Parameter Store may return an older state for a moment, and a run in progress may still have written. */
const pauseMs = 3_000;
const reserveMs = 20_000;

/** Removes parameters until two reads in a row find none, and returns their number. @throws when new ones keep appearing. */
export async function removeAll(deps: Pick<Deps, 'list' | 'remove' | 'pause' | 'remainingMs'>): Promise<number> {
  const removed = new Set<string>();
  for (let empty = 0; ; ) {
    const names = await deps.list();
    empty = names.length === 0 ? empty + 1 : 0;
    if (empty === 2) return removed.size;
    if (deps.remainingMs() < reserveMs) throw new Error(unfinished(names));
    await deps.remove(names);
    for (const name of names) removed.add(name);
    await deps.pause(pauseMs);
  }
}

const unfinished = (names: readonly string[]): string =>
  names.length === 0
    ? 'there was no time left to look twice whether all are gone; remove the stack again'
    : `${names[0]} and ${names.length - 1} more are still there or there again; stop what writes them, and remove the stack again`;

/** ECS puts this hook on the group of a capacity provider with managed draining; it holds an instance for up to an hour. */
const LifecycleHookName = 'ecs-managed-draining-termination-hook';

/** ECS has forgotten the hook with its capacity provider. A failure is not one of the removal: instances end an hour later. */
async function releaseHosts({ RequestType, ResourceProperties }: Event, { autoScaling, log }: Deps): Promise<Result> {
  const AutoScalingGroupName = String(ResourceProperties.Group);
  if (RequestType === 'Delete')
    await autoScaling
      .send(new DeleteLifecycleHookCommand({ AutoScalingGroupName, LifecycleHookName }))
      .catch((error: Error) => {
        // Auto Scaling refuses with this error if the hook or the group is gone.
        if (error.name !== 'ValidationError')
          log('failed', { error: `Releasing ${AutoScalingGroupName}: ${error.message}` });
      });
  return { id: AutoScalingGroupName };
}

/** AWS: Custom resource response objects. @throws when CloudFormation does not accept it; Lambda then repeats the run. */
export async function report(
  { ResponseURL, ...event }: Pick<Event, 'ResponseURL' | 'StackId' | 'RequestId' | 'LogicalResourceId'>,
  { id, fault }: Result,
): Promise<void> {
  const response: CloudFormationCustomResourceResponse = {
    Status: fault === undefined ? 'SUCCESS' : 'FAILED',
    // CloudFormation takes 4,096 bytes in all.
    Reason: cut(printable(fault ?? 'done'), 1_000),
    PhysicalResourceId: id,
    StackId: event.StackId,
    RequestId: event.RequestId,
    LogicalResourceId: event.LogicalResourceId,
  };
  for (let left = 2; ; left--) {
    const why = await put(ResponseURL, JSON.stringify(response));
    if (why === undefined) return;
    if (left === 0)
      throw new Error(`CloudFormation did not take the result for ${id}: ${why}; Lambda repeats this run`);
  }
}

/** Secret: anyone with the address can answer, and an error of `fetch` may hold it, so only its cause is passed on. */
async function put(url: string, body: string): Promise<string | undefined> {
  // The address is signed for a request without a content type.
  const request = { method: 'PUT', headers: { 'content-type': '' }, body, signal: AbortSignal.timeout(5_000) };
  try {
    const { status } = await fetch(url, request);
    return status === 200 ? undefined : `it answered ${status}`;
  } catch (error) {
    const { name, cause } = error as Error & { cause?: NodeJS.ErrnoException };
    return cause?.message || cause?.code || name;
  }
}
