/**
 * The name in an answer of Parameter Store. A parameter can be named by its ARN, and by a selector that is part of the name
 * (AWS: GetParameters, Names). No name has a colon.
 */
export const withoutArn = (name: string): string => name.replace(/^arn:[^/]*:parameter(?=\/)/, '');
export const plainName = (name: string): string => withoutArn(name).replace(/:[^/]*$/, '');

type Answered = { readonly Name?: string | undefined; readonly Version?: number | undefined };

/**
 * Finds what was asked for, as `name` or `name:version`, among the parameters that were answered. The version counts: `Selector`
 * is documented as a number or a label, with its colon or not (AWS: Parameter).
 */
export function answerTo<Parameter extends Answered>(
  asked: string,
  answered: readonly Parameter[],
): Parameter | undefined {
  const [, name = '', version] = /^(.*?)(?::(\d+))?$/.exec(asked) ?? [];
  const named = answered.filter(({ Name = '' }) => plainName(Name) === name);
  if (version !== undefined) return named.find(({ Version }) => Version === Number(version));
  // Without a version the newest is meant; an older one answers another question of the same call.
  return named.reduce<Parameter | undefined>(
    (newest, each) => (newest && (newest.Version ?? 0) >= (each.Version ?? 0) ? newest : each),
    undefined,
  );
}
