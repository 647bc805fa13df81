import { ConfiguredRetryStrategy } from '@smithy/core/retry';

import { type Api, type Handlers, startApi } from '../../scripts/local/api/api';
import type { Fault } from '../../scripts/local/api/errors';

const credentials = { accessKeyId: 'ASIALOCAL', secretAccessKey: 'secret', sessionToken: 'session' };
export const prefix = '/sluice/dev';

const apis: Api[] = [];
afterEach(async () => {
  await Promise.all(apis.splice(0).map((api) => api.stop()));
});

/** AWS with these answers until the test ends, and the settings that lead a real client there. */
export async function played(handlers: Handlers) {
  const api = await startApi([{ ...credentials, role: 'Function', refused: async () => undefined }], handlers);
  apis.push(api);
  return { api, client: { region: 'eu-west-2', endpoint: api.endpoint, credentials, maxAttempts: 1 } };
}

/** A client's settings: less patient than a function's. A strategy counts its tries, so each test has one of its own. */
export const impatient = () => ({
  retryStrategy: new ConfiguredRetryStrategy(2, 5),
  requestHandler: { requestTimeout: 500, throwOnRequestTimeout: true },
});

/** Three attempts are made; a fault of more than that outlasts them. */
export const always = 9;

const lacksPermission =
  'the function lacks a permission. During a removal this is expected; otherwise its role was changed by hand, or a policy' +
  ' above it denies the call: docs/operations.md, "What was changed by hand"';

/** How AWS fails, and what is said of it. @param again what is said where only time helps */
export const faults = (again: string): Record<string, { fault: Fault; says: RegExp; advises: string }> => ({
  throttled: { fault: 'throttled', says: /Throttling(Exception)?: Rate exceeded|RequestLimitExceeded/, advises: again },
  failing: { fault: 'failing', says: /InternalServerError/, advises: again },
  'too slow': { fault: { lateMs: 800 }, says: /TimeoutError/, advises: again },
  'cut off': { fault: 'cut', says: /ECONNRESET|socket hang up/, advises: again },
  denied: { fault: 'denied', says: /not authorized to perform/, advises: lacksPermission },
  garbled: { fault: { body: '<html>busy' }, says: /SyntaxError|Deserialization|XML|Unclosed/, advises: again },
});
