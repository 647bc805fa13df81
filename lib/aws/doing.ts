import { printable } from '../printable';

/**
 * Says what was being done, and what to do next, when AWS refuses a call; the SDK's own messages name neither.
 *
 * @throws with the SDK's error as `cause`.
 */
export async function doing<Answer>(what: string, answer: Promise<Answer>, otherwise = inSeconds): Promise<Answer> {
  try {
    return await answer;
  } catch (error) {
    const { name, message } = error as Error;
    const said = message.replace(/\s+/g, ' ').replace(/\.$/, '');
    throw new Error(printable(`${what}: ${name}: ${said}; ${advice(name, otherwise)}`), { cause: error });
  }
}

const inSeconds = 'nothing is lost: the run comes again in seconds, and the next tick repairs it';
export const atNextRun = 'the certificates that are stored stay, and the next run tries again';

const advice = (name: string, otherwise: string): string =>
  /AccessDenied|UnauthorizedOperation/.test(name)
    ? 'the function lacks a permission, as it should while the stack is removed; else its role was changed by hand, or a policy' +
      ' above it denies: docs/operations.md, "What was changed by hand"'
    : otherwise;
