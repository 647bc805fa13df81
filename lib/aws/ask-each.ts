import { Unreadable } from '../fleet/fields';
import { batches } from './batches';
import { doing } from './doing';
import { MalformedAnswer } from './malformed';

/** So many denials without an answer: then it is time to see whether anything at all is allowed. */
const enough = 16;

/**
 * Asks in batches, and finds by halves which items of a refused batch are refused themselves, so that one that cannot be described
 * does not hide the others. Throttling, time-outs and everything else that is no refusal are errors of the whole.
 *
 * @param what for an error: what is being done
 * @param known is answered if anything is: where all are denied, asking it shows whether that is about them
 * @throws the refusal, when several are asked for and nothing is answered, or it is a denial: that is about no item.
 */
export async function askEach<Item, Answer>(
  items: readonly Item[],
  { size, what, ask, known }: Question<Item, Answer>,
): Promise<{ readonly answers: readonly Answer[]; readonly refused: ReadonlyMap<Item, Error> }> {
  const answers: Answer[] = [];
  const refused = new Map<Item, Error>();
  const waiting = [...batches(items, size)];
  let isAllowed = false;
  const makeSure = async (): Promise<void> => {
    const [first] = refused;
    if (first === undefined || answers.length > 0 || isAllowed) return;
    const [item, error] = first;
    if (refused.size === 1 && !mayConcernAll(error)) return;
    await doing(what([item]), known === undefined ? Promise.reject(error) : ask([known]));
    isAllowed = true;
  };
  for (let batch = waiting.shift(); batch !== undefined; batch = waiting.shift()) {
    const answer = await doing(what(batch), ask(batch).catch(ifRefusal));
    const [item] = batch;
    if (!(answer instanceof Refusal)) answers.push(answer);
    else if (batch.length > 1) waiting.unshift(...batches(batch, Math.ceil(batch.length / 2)));
    else refused.set(item as Item, answer.error);
    if (refused.size === enough) await makeSure();
  }
  await makeSure();
  return { answers, refused };
}

type Question<Item, Answer> = {
  readonly size: number;
  readonly what: (batch: readonly Item[]) => string;
  readonly ask: (batch: Item[]) => Promise<Answer>;
  readonly known?: Item | undefined;
};

class Refusal {
  constructor(readonly error: Error) {}
}

function ifRefusal(error: Error): Refusal {
  if (error instanceof Unreadable || isAboutItem(error) || mayConcernAll(error)) return new Refusal(error);
  throw error;
}

/** Why one item cannot be read, for a sentence. */
export function refusal(error: Error): string {
  if (error instanceof Unreadable || error instanceof MalformedAnswer) return error.message;
  if (isUndecodable(error)) return 'a time in it, such as createdAt, is none';
  return `AWS refuses it: ${error.name}: ${error.message.replace(/\s+/g, ' ').replace(/\.$/, '')}`;
}

/** Errors that name what was asked for as their cause (AWS: common errors of ECS; EC2 API error codes). */
const isAboutItem = ({ name }: Error): boolean =>
  /^(ClientException|InvalidParameter(Exception|Value)|ResourceNotFoundException|ValidationException|InvalidInstanceID\..+)$/.test(
    name,
  );

/** A denial, or an answer that holds nothing of what was asked for: about one item only when others are answered. */
const mayConcernAll = (error: Error): boolean =>
  error instanceof MalformedAnswer || isDenial(error) || isUndecodable(error);

export const isDenial = ({ name }: Error): boolean => /^(AccessDenied|UnauthorizedOperation)/.test(name);

/** The SDK takes any field as it comes but a time, and names neither the field nor the item. */
const isUndecodable = ({ name, message }: Error): boolean =>
  name === 'TypeError' && message.includes('Deserialization error');
