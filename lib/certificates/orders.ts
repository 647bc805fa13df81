import { X509Certificate } from 'node:crypto';

import type { CertificateStore } from '../aws/certificate-store';
import type { Ca } from './acme/ca';
import type { Issued } from './acme/order';
import { Refusal } from './acme/refusal';
import type { Dns } from './challenges/dns';
import { renewalId } from './due/ari';
import { noteBegun, noteFailed, noteStored } from './due/attempts';
import type { Decision } from './due/decide';
import type { State } from './due/state';
import { type Failure, issue, type Ordered } from './issue';
import { readLeaf } from './leaf';

type World = {
  readonly store: Pick<CertificateStore, 'writeState' | 'writeCertificate'>;
  readonly ca: (directory: string) => Ca;
  readonly rehearsal: string | undefined;
  readonly dns: Dns;
  readonly now: () => number;
  readonly note: (fault: Error) => void;
};

/**
 * Orders what is due and stores it; what failed before is first tried where no limit is burnt.
 * Each order is noted before it begins, for a run can end without a word. Gives what failed, by name.
 */
export async function order(due: readonly Decision[], world: World): Promise<ReadonlyMap<string, Error>> {
  const begun = new Map<string, State>();
  for (const { name, state } of due) {
    const noted = { ...state, attempts: noteBegun(state.attempts, world.now()) };
    await world.store.writeState(name, noted);
    begun.set(name, noted);
  }
  const rehearsed = await rehearse(due, world);
  const ready = due.filter(({ name }) => !rehearsed.has(name));
  const failures = new Map([...rehearsed, ...(await orderNow(ready, begun, world))]);

  for (const [name, { error, wasIssued }] of failures) {
    const retryAt = error instanceof Refusal ? error.retryAt : 0;
    const state = begun.get(name) as State;
    await world.store.writeState(name, { ...state, attempts: noteFailed(state.attempts, wasIssued, retryAt) });
  }
  return new Map([...failures].map(([name, { error }]) => [name, error]));
}

/** The same names and challenges at the CA's staging directory. What it issues is thrown away. */
async function rehearse(
  due: readonly Decision[],
  { ca, rehearsal, dns, note }: World,
): Promise<ReadonlyMap<string, Failure>> {
  const failedBefore = due.filter(({ state }) => state.attempts.failures > 0);
  if (rehearsal === undefined || failedBefore.length === 0) return new Map();
  const orders = failedBefore.map((decision) => ({ ...ordered(decision), replaces: undefined }));
  const failures = await issue(orders, { ca: ca(rehearsal), dns, note, keep: async () => {} });
  return new Map([...failures].map(([name, { error }]) => [name, { error: atRehearsal(error), wasIssued: false }]));
}

function atRehearsal(cause: Error): Error {
  return new Error(`tried at the staging directory first, as it failed before: ${cause.message}`, { cause });
}

async function orderNow(
  due: readonly Decision[],
  begun: ReadonlyMap<string, State>,
  { ca, dns, store, note }: World,
): Promise<ReadonlyMap<string, Failure>> {
  const [first] = due;
  if (first === undefined) return new Map();
  const decisions = new Map(due.map((decision) => [decision.name, decision]));
  return issue(due.map(ordered), {
    ca: ca(first.wanted.directory),
    dns,
    note,
    keep: async (name, issued) => {
      const { wanted } = decisions.get(name) as Decision;
      const { attempts, attempted, attemptedAt } = begun.get(name) as State;
      const versions = await store.writeCertificate(name, issued);
      const held = { ...wanted, ...facts(issued), ...versions };
      await store.writeState(name, { held, attempts: noteStored(attempts), attempted, attemptedAt });
    },
  });
}

/** An order follows a certificate where the same CA issued that, for some of the names (RFC 9773, section 5). */
function ordered({ name, wanted, state: { held } }: Decision): Ordered {
  const { names, keyType, profile, directory } = wanted;
  const follows = held?.directory === directory && held.names.some((one) => names.includes(one));
  return { name, names, keyType, profile, replaces: follows ? held.renewalId : undefined };
}

function facts({ leaf }: Issued): Pick<NonNullable<State['held']>, 'serial' | 'notBefore' | 'notAfter' | 'renewalId'> {
  const certificate = new X509Certificate(leaf);
  const { serial, notBefore, notAfter } = readLeaf(certificate);
  return { serial, notBefore, notAfter, renewalId: renewalId(certificate) };
}
