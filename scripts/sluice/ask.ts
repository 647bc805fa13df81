import { type Questions, Stop } from './verb';

/** Loads clack only when there is something to ask. */
export const clack: Questions = {
  text: async (message, initialValue, fault) => {
    const { isCancel, text } = await import('@clack/prompts');
    const answer = await text({ message, initialValue, validate: (given = '') => fault(given.trim()) });
    return isCancel(answer) ? undefined : answer.trim();
  },
  choose: async (message, choices) => {
    const { isCancel, select } = await import('@clack/prompts');
    const answer = await select({ message, options: [...choices] });
    return isCancel(answer) ? undefined : answer;
  },
  confirm: async (message) => {
    const { confirm, isCancel } = await import('@clack/prompts');
    const answer = await confirm({ message, initialValue: false });
    return isCancel(answer) ? undefined : answer;
  },
};

/** @throws Stop, when the person broke off. @param so what that means, such as `nothing was written` */
export async function answered<Kind>(answer: Promise<Kind | undefined>, so: string): Promise<Kind> {
  const given = await answer;
  if (given === undefined) throw new Stop(`Stopped: ${so}.`);
  return given;
}
