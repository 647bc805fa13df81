import type { Api, Call } from '../../scripts/local/api/api';
import type { Fault } from '../../scripts/local/api/errors';
import type { Said } from './console';

const [patientMs, hastyMs] = [20_000, 300];
let waitsMs = patientMs;

/** Settings of a client that makes no second try. It waits briefly only for what is too slow on purpose: other tests slow this one. */
export const impatient = {
  maxAttempts: 1,
  requestHandler: {
    get requestTimeout() {
      return waitsMs;
    },
    throwOnRequestTimeout: true,
  },
};

const kinds: Readonly<Record<string, Fault>> = {
  throttled: 'throttled',
  'too slow': { lateMs: 2 * hastyMs },
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
      waitsMs = kind === 'too slow' ? hastyMs : patientMs;
      suffered.push({ action, kind, ...(await suffer(action, fault)) });
    }
  }
  waitsMs = patientMs;
  return suffered;

  /** Tries again where an earlier call was too slow, because this machine is. */
  async function suffer(action: string, fault: Fault, tries = 20): Promise<Pick<Suffered, 'said' | 'after'>> {
    const before = api.calls.length;
    api.faults.next(action, fault, times);
    const said = await run();
    api.faults.clear();
    const calls = own(before);
    const failed = calls.findIndex((call) => call.action === action);
    if (failed >= 0) return { said, after: calls.slice(failed + 1) };
    if (tries === 0) throw new Error(`${action} was called in no try`);
    return suffer(action, fault, tries - 1);
  }
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
