import type { Ca } from './acme/ca';
import type { Issued, Placed, Request } from './acme/order';
import type { Dns } from './challenges/dns';
import type { Answer } from './challenges/record-sets';
import { challengeName } from './names';

export type Ordered = Request & { readonly name: string };

/** What failed, and whether the CA may have issued all the same: that counts against its limits. */
export type Failure = { readonly error: Error; readonly wasIssued: boolean };

type World = {
  readonly ca: Ca;
  readonly dns: Dns;
  /** Takes what was issued. */
  readonly keep: (name: string, issued: Issued) => Promise<void>;
  /** Takes what makes no certificate fail, but is to be known: something was left in DNS, for the next run. */
  readonly note: (fault: Error) => void;
};

type Ready = { readonly name: string; readonly placed: Placed; readonly answers: readonly Answer[] };

/** So many names' challenges fit the journal, which is one parameter. */
const mostNames = 40;

/**
 * Orders certificates, those together whose challenges fit one round of DNS. One that fails holds up no other.
 * Gives those that failed, by name; whatever happens, nothing is left in DNS.
 */
export async function issue(ordered: readonly Ordered[], world: World): Promise<ReadonlyMap<string, Failure>> {
  const failures = new Map<string, Failure>();
  const failed = (name: string, error: Error, wasIssued: boolean) => void failures.set(name, { error, wasIssued });
  for (const group of groups(ordered)) {
    const ready: Ready[] = [];
    for (const order of group) {
      await place(order, world).then(
        (placed) => ready.push(placed),
        (error: Error) => failed(order.name, error, false),
      );
    }
    await answerAll(ready, world, failed);
  }
  return failures;
}

function groups(ordered: readonly Ordered[]): readonly (readonly Ordered[])[] {
  const all: Ordered[][] = [];
  let names = mostNames;
  for (const order of ordered) {
    names += order.names.length;
    if (names > mostNames) all.push([]);
    if (names > mostNames) names = order.names.length;
    all.at(-1)?.push(order);
  }
  return all;
}

/** The CA is not asked for what could not be answered. */
async function place(order: Ordered, { ca, dns }: World): Promise<Ready> {
  const places = new Map<string, Omit<Answer, 'value'>>();
  for (const name of new Set(order.names.map(challengeName))) places.set(name, await dns.locate(name));
  const placed = await ca.place(order);
  const answers = placed.challenges.map(({ name, value }) => {
    const place = places.get(name);
    if (place) return { ...place, value };
    throw new Error(`the CA asks to prove ${name}, which was not ordered`);
  });
  return { name: order.name, placed, answers };
}

async function answerAll(
  ready: readonly Ready[],
  { dns, keep, note }: World,
  failed: (name: string, error: Error, wasIssued: boolean) => void,
): Promise<void> {
  try {
    const answers = ready.flatMap(({ answers }) => answers);
    const unshown = answers.length > 0 ? await dns.show(answers) : new Map<Answer, Error>();
    const finished = ready.map(async ({ name, placed, answers }) => {
      const [fault] = answers.flatMap((answer) => unshown.get(answer) ?? []);
      if (fault) failed(name, fault, false);
      else await finish(name, placed, keep, failed);
    });
    await Promise.all(finished);
  } catch (error) {
    for (const { name } of ready) failed(name, error as Error, false);
  } finally {
    await dns.clean().catch(note);
  }
}

async function finish(
  name: string,
  placed: Placed,
  keep: World['keep'],
  failed: (name: string, error: Error, wasIssued: boolean) => void,
): Promise<void> {
  await placed
    .finish()
    .then((issued) => keep(name, issued))
    .catch((error: Error) => failed(name, error, placed.mayBeIssued()));
}
