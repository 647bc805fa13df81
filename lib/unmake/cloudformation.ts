import { request as http } from 'node:http';
import { request as https } from 'node:https';

import type { CloudFormationCustomResourceEvent, CloudFormationCustomResourceResponse } from 'aws-lambda';

import { cut, printable } from '../printable';

type Event = Pick<CloudFormationCustomResourceEvent, 'ResponseURL' | 'StackId' | 'RequestId' | 'LogicalResourceId'>;

/** `fault` in words, or all went well. */
export type Result = { readonly id: string; readonly fault?: string };

/**
 * Tells CloudFormation how a custom resource fared, at the address that it gave (AWS: Custom resource response objects).
 *
 * @throws when it cannot be told; Lambda then repeats the run.
 */
export async function answer({ ResponseURL, ...event }: Event, { id, fault }: Result): Promise<void> {
  const response: CloudFormationCustomResourceResponse = {
    Status: fault === undefined ? 'SUCCESS' : 'FAILED',
    // CloudFormation takes no more than 4,096 bytes in all.
    Reason: cut(printable(fault ?? 'done'), 1_000),
    PhysicalResourceId: id,
    StackId: event.StackId,
    RequestId: event.RequestId,
    LogicalResourceId: event.LogicalResourceId,
  };
  for (let left = 2; ; left--) {
    const status = await put(ResponseURL, JSON.stringify(response)).catch((error: Error) => error);
    if (status === 200) return;
    const why = typeof status === 'number' ? `it answered ${status}` : status.message;
    // The address is a secret: whoever has it can answer.
    if (left === 0) throw new Error(`CloudFormation could not be told of ${id}: ${why}; this run is repeated`);
  }
}

const put = (url: string, body: string): Promise<number> =>
  new Promise((resolve, reject) => {
    // The address is signed for a request without a content type.
    const headers = { 'content-type': '', 'content-length': Buffer.byteLength(body) };
    const call = (url.startsWith('https:') ? https : http)(url, { method: 'PUT', headers, timeout: 5_000 }, (reply) => {
      reply.resume().on('end', () => resolve(reply.statusCode ?? 0));
    });
    call.on('timeout', () => call.destroy(new Error('it did not answer'))).on('error', reject);
    call.end(body);
  });
