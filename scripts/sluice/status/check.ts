import { advice, origin, reason } from '../refusal';
import { Stop } from '../verb';

const { blocked } = require('../../../resources/preflight/refusals.cjs') as {
  blocked: (error: Error, region: string) => string | undefined;
};

export type Check = {
  readonly ok: boolean;
  readonly what: string;
  readonly says: string;
  /** What to do, if it is not ok. */
  readonly next?: string;
};

export const fine = (what: string, says: string): Check => ({ ok: true, what, says });
export const wrong = (what: string, says: string, next: string): Check => ({ ok: false, what, says, next });

/** A check that cannot run is not ok, and stops no other. */
export async function looked(what: string, region: string, look: Promise<readonly Check[]>): Promise<readonly Check[]> {
  try {
    return await look;
  } catch (error) {
    return [unseen(what, region, error as Error)];
  }
}

export function unseen(what: string, region: string, thrown: Error): Check {
  const error = origin(thrown);
  const sentence = error instanceof Stop ? error.message : blocked(error, region);
  if (sentence === undefined) return wrong(what, `check failed: ${reason(error)}`, lowered(advice(error)));
  const [why = '', ...next] = sentence.split(': ');
  return wrong(what, `check failed: ${lowered(why)}`, next.join(': '));
}

/** AWS and SQS stay as they are. */
const lowered = (words: string): string => words.replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase());
