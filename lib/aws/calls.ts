import { Unreadable } from '../fleet/fields';
import { printable } from '../printable';

export async function collect<Page>(pages: AsyncIterable<Page>): Promise<readonly Page[]> {
  const all: Page[] = [];
  for await (const page of pages) all.push(page);
  return all;
}

export function batches<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}

/**
 * Takes from the queue until it is empty, for up to `atOnce` items at a time; acting on one may add others. After an error it begins no more.
 * @throws that error, when what was under way has ended
 */
export async function drain<Item>(queue: Item[], atOnce: number, act: (item: Item) => Promise<void>): Promise<void> {
  let isFailed = false;
  const work = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = isFailed ? undefined : queue.shift())
      await act(item).catch((error) => {
        isFailed = true;
        throw error;
      });
  };
  const ended = await Promise.allSettled(Array.from({ length: Math.min(atOnce, queue.length) }, work));
  for (const each of ended) if (each.status === 'rejected') throw each.reason;
}

/** An answer lacks a field that AWS always sends. It must never count as "there is nothing". */
export class MalformedAnswer extends Error {
  override readonly name = 'MalformedAnswer';
}

export function always<Value>(name: string, value: Value | undefined): Value {
  if (value === undefined) throw new MalformedAnswer(`AWS answered without ${name}`);
  return value;
}

export const alwaysList = <Item>(name: string, list: Item[] | undefined): Item[] =>
  always(name, Array.isArray(list) ? list : undefined);

/** Danger: an item without an answer must not count as deleted. @throws MalformedAnswer if no item was answered. */
export function unanswered(asked: readonly string[], answered: readonly string[]): readonly string[] {
  const missing = asked.filter((each) => !answered.includes(each));
  if (asked.length > 0 && missing.length === asked.length) throw new MalformedAnswer(`AWS answered without ${missing}`);
  return missing;
}

/** Adds to an SDK error, kept as `cause`, what was being done and what to do next. */
export async function doing<Answer>(what: string, answer: Promise<Answer>, otherwise = inSeconds): Promise<Answer> {
  try {
    return await answer;
  } catch (error) {
    const { name, message } = error as Error;
    throw new Error(printable(`${what}: ${name}: ${oneLine(message)}; ${advice(error as Error, otherwise)}`), {
      cause: error,
    });
  }
}

/** Stops waiting; the call itself may still be answered. */
export function within<Answer>(milliseconds: number, what: string, answer: Promise<Answer>): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const fail = () => reject(new Error(`${what}: no answer within ${milliseconds / 1000} seconds`));
    timer = setTimeout(fail, milliseconds);
  });
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}

const inSeconds = 'nothing is lost: the run is repeated in seconds, and the next tick repairs the rest';
export const atNextRun = 'the certificates that are stored stay, and the next run tries again';

const advice = (error: Error, otherwise: string): string =>
  isDenial(error)
    ? 'the function lacks a permission. During a removal this is expected; otherwise its role was changed by hand, or a policy' +
      ' above it denies the call: docs/operations.md, "What was changed by hand"'
    : otherwise;

const oneLine = (message: string): string => message.replace(/\s+/g, ' ').replace(/\.$/, '');

/** After so many denials without an answer, `askEach` checks whether any call is allowed. */
const enough = 16;

type Question<Item, Answer> = {
  readonly size: number;
  /** Batches; 1 unless it is given. */
  readonly atOnce?: number;
  readonly what: (batch: readonly Item[]) => string;
  readonly ask: (batch: Item[]) => Promise<Answer>;
  /** An item that was answered before: if all are denied, it shows whether the denial is about them. */
  readonly known?: Item | undefined;
  /** What is said of an error, as in `doing`. */
  readonly otherwise?: string | undefined;
};

/**
 * Asks in batches, and halves a refused batch until the refused items are found, so that they do not hide the others. @throws any other
 * error, such as throttling; and the refusal if several items are asked for and none is answered, or if a denial concerns them all.
 */
export async function askEach<Item, Answer>(
  items: readonly Item[],
  { size, atOnce = 1, what, ask, known, otherwise }: Question<Item, Answer>,
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
    await doing(what([item]), known === undefined ? Promise.reject(error) : ask([known]), otherwise);
    isAllowed = true;
  };
  await drain(waiting, atOnce, async (batch) => {
    const answer = await doing(what(batch), ask(batch).catch(catchRefusal), otherwise);
    const [item] = batch;
    if (!(answer instanceof Refusal)) answers.push(answer);
    else if (batch.length > 1) waiting.unshift(...batches(batch, Math.ceil(batch.length / 2)));
    else refused.set(item as Item, answer.error);
    if (refused.size === enough) await makeSure();
  });
  await makeSure();
  return { answers, refused };
}

class Refusal {
  constructor(readonly error: Error) {}
}

function catchRefusal(error: Error): Refusal {
  if (error instanceof Unreadable || isAboutItem(error) || mayConcernAll(error)) return new Refusal(error);
  throw error;
}

export function refusal(error: Error): string {
  if (error instanceof Unreadable || error instanceof MalformedAnswer) return error.message;
  if (isUndecodable(error)) return 'a time in it, such as createdAt, cannot be read';
  return `AWS refuses it: ${error.name}: ${oneLine(error.message)}`;
}

export const failureText = ({ reason, detail }: { reason?: string | undefined; detail?: string | undefined }): string =>
  `ECS answers ${[reason, detail].filter(Boolean).join(', ')}`;

/** Errors about the requested items (AWS: common errors of ECS; EC2 API error codes). */
const isAboutItem = ({ name }: Error): boolean =>
  /^(ClientException|InvalidParameter(Exception|Value)|ResourceNotFoundException|ValidationException|InvalidInstanceID\..+)$/.test(
    name,
  );

/** A denial or an empty answer is about one item only if others are answered. */
const mayConcernAll = (error: Error): boolean =>
  error instanceof MalformedAnswer || isDenial(error) || isUndecodable(error);

export const isDenial = ({ name }: Error): boolean => /^(AccessDenied|UnauthorizedOperation)/.test(name);

/** The SDK fails to decode times only, and its error names neither field nor item. */
const isUndecodable = ({ name, message }: Error): boolean =>
  name === 'TypeError' && message.includes('Deserialization error');
