import type { Questions } from '../../scripts/sluice/verb';

/** A person who answers by the words of a question, and breaks off where there is no answer. */
export function person(answers: Readonly<Record<string, string | boolean>>) {
  const asked: string[] = [];
  const answer = (asks: string) => {
    asked.push(asks);
    return Object.entries(answers).find(([part]) => asks.includes(part))?.[1];
  };
  const questions: Questions = {
    text: async (asks, proposed, fault) => {
      const given = answer(asks);
      const value = given === '' ? proposed : (given as string | undefined);
      return value !== undefined && fault(value) ? `fault: ${fault(value)}` : value;
    },
    choose: async (asks) => answer(asks) as string | undefined,
    confirm: async (asks) => answer(asks) as boolean | undefined,
  };
  return { asked, questions };
}

/** A hosted zone as Route 53 lists it. */
export const zone = (id: string, name: string, PrivateZone = false) => ({
  ...{ Id: `/hostedzone/${id}`, Name: `${name}.`, CallerReference: 1, ResourceRecordSetCount: 5 },
  Config: { PrivateZone },
});
