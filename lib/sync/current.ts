import { currentName, type Generation, parseGeneration } from '../generation/generation';
import type { Parameters } from './aws/parameters';

/** The published generation: what `current` lists, and its number and time (epoch seconds). */
export type Current = { readonly number: number; readonly modified: number; readonly generation: Generation };

/** Parameter Store may answer with an older version for a moment after a write. */
const pauseMilliseconds = 500;

/**
 * Reads the pointer until it is at least the asked generation. `undefined`: nothing was ever published.
 *
 * @throws when it is denied, damaged, or older than asked. Then nothing may be concluded about what should run.
 */
export async function readCurrent(
  parameters: Pick<Parameters, 'get'>,
  prefix: string,
  asked: number,
  patienceMilliseconds: number,
  pause: (milliseconds: number) => Promise<unknown>,
): Promise<Current | undefined> {
  const name = currentName(prefix);
  for (let waited = 0; ; waited += pauseMilliseconds) {
    const found = await parameters.get(name);
    if (found ? found.version >= asked : asked === 0) return found && parsed(name, found);
    if (waited >= patienceMilliseconds) {
      const state = found ? `is still at ${found.version}` : 'does not exist';
      throw new Error(
        `asked for generation ${asked}, but ${name} ${state}; what runs is kept, the next tick tries again`,
      );
    }
    await pause(pauseMilliseconds);
  }
}

/**
 * Whether a pointer that is older than what is installed is a late answer: a late one never puts old state back. Then Parameter Store
 * knows the installed version, now or in a moment. It never does when somebody has edited what says which version that is. A pointer
 * that was deleted and made anew counts from 1 again, but is newer.
 */
export async function isLate(
  parameters: Pick<Parameters, 'get'>,
  prefix: string,
  current: Current,
  installed: Pick<Current, 'number' | 'modified'>,
  { patienceMilliseconds, pause }: Patience,
): Promise<boolean> {
  if (current.number >= installed.number || current.modified > installed.modified) return false;
  for (let waited = 0; ; waited += pauseMilliseconds) {
    const found = await parameters.get(`${currentName(prefix)}:${installed.number}`);
    if (found?.version === installed.number) return true;
    if (waited >= patienceMilliseconds) return false;
    await pause(pauseMilliseconds);
  }
}

type Patience = {
  readonly patienceMilliseconds: number;
  readonly pause: (milliseconds: number) => Promise<unknown>;
};

function parsed(
  name: string,
  found: { readonly version: number; readonly modified: number; readonly value: string },
): Current {
  try {
    return { number: found.version, modified: found.modified, generation: parseGeneration(found.value) };
  } catch (cause) {
    const why = cause instanceof SyntaxError ? 'it is not JSON' : (cause as Error).message;
    throw new Error(
      `${name}:${found.version} is damaged (${why}); what runs is kept, the next publication replaces it`,
      { cause },
    );
  }
}
