import type { Api, Call } from '../../scripts/local/api/api';
import type { Fault } from '../../scripts/local/api/errors';
import type { Said } from './console';

/** Settings of a client that does not wait for the second try. */
export const impatient = { maxAttempts: 1, requestHandler: { requestTimeout: 1_200, throwOnRequestTimeout: true } };

const kinds: Readonly<Record<string, Fault>> = {
  throttled: 'throttled',
  'too slow': { lateMs: 1_600 },
  'cut off': 'cut',
  denied: 'denied',
  malformed: { body: '<html>busy' },
};

export type Suffered = {
  readonly action: string;
  readonly kind: string;
  readonly said: Said;
  /** What was called after the fault. */
  readonly after: readonly Call[];
};

/**
 * Runs a verb once to see what it calls, then once for each of its actions and each way to fail.
 * @param times how many calls fail, for a verb that asks again
 */
export async function sufferEach(
  api: Pick<Api, 'calls' | 'faults'>,
  role: string,
  run: () => Promise<Said>,
  times = 1,
): Promise<readonly Suffered[]> {
  const own = (from: number) => api.calls.slice(from).filter((call) => call.role === role);
  const start = api.calls.length;
  await run();
  const actions = [...new Set(own(start).map(({ action }) => action))];
  const suffered: Suffered[] = [];
  for (const action of actions) {
    for (const [kind, fault] of Object.entries(kinds)) {
      const before = api.calls.length;
      api.faults.next(action, fault, times);
      const said = await run();
      api.faults.clear();
      const calls = own(before);
      const failed = calls.findIndex((call) => call.action === action);
      suffered.push({ action, kind, said, after: calls.slice(failed + 1) });
    }
  }
  return suffered;
}

/** What a person must never see, and what every fault must say. Returns what is wrong with the words, for a test that expects nothing. */
export function wrongWords({ action, kind, said }: Suffered): readonly string[] {
  const text = `${said.output}\n${said.complaints}`;
  const words = text.replace(/\s+/g, ' ');
  const found = [
    ...(said.code === 1 ? [] : [`exit code ${said.code}`]),
    ...(/\n\s+at .*:\d+/.test(text) ? ['a stack'] : []),
    ...(/\[object|undefined|NaN/.test(text) ? ['a value that is no word'] : []),
    ...(kind === 'denied' && !/permissions in docs\/[\w-]+\.json/.test(words) ? ['not which permissions'] : []),
    ...(!/again|permissions|wait|check|sign in/i.test(words) ? ['not what to do next'] : []),
  ];
  return found.map((each) => `${action} ${kind}: ${each}: ${text}`);
}
