/**
 * Says what was being done, and what to do next, when AWS refuses a call; the SDK's own messages name neither.
 *
 * @throws with the SDK's error as `cause`.
 */
export async function doing<Answer>(what: string, answer: Promise<Answer>): Promise<Answer> {
  try {
    return await answer;
  } catch (error) {
    const { name, message } = error as Error;
    const said = message.replace(/\s+/g, ' ').replace(/\.$/, '');
    throw new Error(`${what}: ${name}: ${said}; ${advice(name)}`, { cause: error });
  }
}

const advice = (name: string): string =>
  /AccessDenied|UnauthorizedOperation/.test(name)
    ? 'the function lacks a permission: deploy again, and look for a policy above it that denies'
    : 'nothing is lost: the run comes again in seconds, and the next tick repairs it';
