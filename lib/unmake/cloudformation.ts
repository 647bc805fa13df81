import type { CloudFormationCustomResourceEvent, CloudFormationCustomResourceResponse } from 'aws-lambda';

import { cut, printable } from '../printable';

type Event = Pick<CloudFormationCustomResourceEvent, 'ResponseURL' | 'StackId' | 'RequestId' | 'LogicalResourceId'>;

/** `fault` is absent on success. */
export type Result = { readonly id: string; readonly fault?: string };

/** AWS: Custom resource response objects. @throws when CloudFormation does not accept it; Lambda then repeats the run. */
export async function report({ ResponseURL, ...event }: Event, { id, fault }: Result): Promise<void> {
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

/** Secret: whoever has the address can answer, and an error of `fetch` may hold it, so only its cause is passed on. */
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
