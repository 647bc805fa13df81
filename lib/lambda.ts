import middy from '@middy/core';
import type { Context } from 'aws-lambda';

import { printable, printableJson } from './printable';

/** Logs the outcome and rethrows errors, so that a failed run is a failed invocation. `onFailure` cannot hide the error. */
export const lambda = <Event, Outcome>(
  run: (event: Event, context: Context) => Promise<Outcome>,
  onFailure: (event: Event) => Promise<unknown> = async () => {},
) =>
  // By default middy returns just before Lambda's timeout and leaves the run unfinished: resumed later, it would publish old state.
  middy<Event, Outcome>(run, { timeoutEarlyInMillis: 0 }).use({
    after: ({ response }) => log('done', { outcome: response }),
    onError: async ({ event, error }) => {
      log('failed', { error: error?.message, cause: String(error?.cause ?? '') });
      if (error) makePrintable(error);
      await onFailure(event).catch((second: Error) => log('failed again', { error: second.message }));
    },
  });

/** One line of JSON, which CloudWatch Logs can search by field. */
export const log = (message: string, fields: object): void => {
  console.log(printableJson({ message, ...fields }));
};

/** Lambda prints the error that ends a run, with its stack. The properties of a DOMException, such as a time-out, cannot be assigned. */
function makePrintable(error: Error): void {
  const { message, stack = '' } = error;
  if (!Object.isExtensible(error)) return;
  Object.defineProperty(error, 'message', { value: printable(message), configurable: true, writable: true });
  const lines = stack.split('\n').map(printable);
  Object.defineProperty(error, 'stack', { value: lines.join('\n'), configurable: true, writable: true });
  if (error.cause instanceof Error && error.cause !== error) makePrintable(error.cause);
}
