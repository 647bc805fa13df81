import middy from '@middy/core';
import type { Context } from 'aws-lambda';

import { printable, printableJson } from './printable';

/**
 * Makes a Lambda handler that logs its outcome and lets errors through, so that a failed run is a failed invocation.
 * `onFailure` runs before the error goes on, and cannot hide it.
 */
export const lambda = <Event, Outcome>(
  run: (event: Event, context: Context) => Promise<Outcome>,
  onFailure: (event: Event) => Promise<unknown> = async () => {},
) =>
  // By default middy gives up just before Lambda does, and leaves the run behind: thawed later, it would publish old state.
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

/** Lambda prints the error that ends a run, with its stack. */
function makePrintable(error: Error): void {
  error.message = printable(error.message);
  if (error.stack) error.stack = error.stack.split('\n').map(printable).join('\n');
}
