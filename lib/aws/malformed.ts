/** An answer of AWS without something that AWS always sends. Nothing may be concluded from it, least of all "there are none". */
export class MalformedAnswer extends Error {
  override readonly name = 'MalformedAnswer';
}

/** Takes a field that is always there, a list even when it is empty. */
export function always<Value>(name: string, value: Value | undefined, isRight = value !== undefined): Value {
  if (!isRight) throw new MalformedAnswer(`AWS answered without ${name}`);
  return value as Value;
}

export const alwaysList = <Item>(name: string, list: Item[] | undefined): Item[] =>
  always(name, list, Array.isArray(list));
