/** Parameter Store may answer with an ARN, and with the selector in the name (AWS: GetParameters, Names). No name has a colon. */
export const withoutArn = (name: string): string => name.replace(/^arn:[^/]*:parameter(?=\/)/, '');
export const plainName = (name: string): string => withoutArn(name).replace(/:[^/]*$/, '');

type Answered = { readonly Name?: string | undefined; readonly Version?: number | undefined };

/** Finds a parameter by `name` or `name:version`. AWS documents `Selector` as a number or a label, with its colon or without. */
export function answerTo<Parameter extends Answered>(
  asked: string,
  answered: readonly Parameter[],
): Parameter | undefined {
  const [, name = '', version] = /^(.*?)(?::(\d+))?$/.exec(asked) ?? [];
  const named = answered.filter(({ Name = '' }) => plainName(Name) === name);
  if (version !== undefined) return named.find(({ Version }) => Version === Number(version));
  // Without a version the newest counts; an older one may be the answer to another name of the same call.
  return named.reduce<Parameter | undefined>(
    (newest, each) => (newest && (newest.Version ?? 0) >= (each.Version ?? 0) ? newest : each),
    undefined,
  );
}
