import { Stop } from './verb';

export type Choice = { readonly value: string; readonly label: string; readonly hint?: string };

/** Asks a person in the terminal. Each question returns `undefined` when they break off with Ctrl-C. */
export type Questions = {
  /** @param fault returns what is wrong with an answer */
  readonly text: (asks: string, proposed: string, fault: (answer: string) => string | undefined) => Answer<string>;
  readonly choose: (asks: string, choices: readonly Choice[]) => Answer<string>;
  readonly confirm: (asks: string) => Answer<boolean>;
};

type Answer<Kind> = Promise<Kind | undefined>;

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
export async function answered<Kind>(answer: Answer<Kind>, so: string): Promise<Kind> {
  const given = await answer;
  if (given === undefined) throw new Stop(`Stopped: ${so}.`);
  return given;
}
