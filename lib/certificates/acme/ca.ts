import type { Client } from 'acme-client';

import { isWindow, type RenewalInfo } from '../due/due';
import type { Run } from '../run';
import { ask, loadAcme, Refusal, refusal, retryAt } from './http';
import { type Placed, placeOrder, type Request } from './order';

export type Ca = {
  readonly place: (request: Request) => Promise<Placed>;
  /** RFC 9773; `undefined` when this CA does not offer it. */
  readonly renewalInfo: (id: string) => Promise<RenewalInfo | undefined>;
};

/** PEM, by directory. */
export type Accounts = {
  readonly read: (directory: string) => Promise<string | undefined>;
  readonly keep: (directory: string, key: string) => Promise<void>;
};

type Directory = {
  readonly renewalInfo?: string;
  readonly meta?: {
    readonly profiles?: Readonly<Record<string, string>>;
    readonly externalAccountRequired?: boolean;
  };
};

export function certificateAuthority(directory: string, contact: string, accounts: Accounts, run: Run): Ca {
  const offers = once(async () => (await ask<Directory>({ url: directory, method: 'GET' })).data);
  const client = once(async () => {
    const kept = await accounts.read(directory);
    const known = kept === undefined ? undefined : await register(directory, contact, kept).catch(ifDeactivated);
    if (known) return known;
    if ((await offers()).meta?.externalAccountRequired) throw boundAccounts(directory);
    return register(directory, contact, await newKey(directory, accounts));
  });

  return {
    place: async (request) => {
      run.refuseIfLate();
      const { renewalInfo, meta = {} } = await offers();
      refuseUnknownProfile(request.profile, meta.profiles ?? {});
      const replaces = renewalInfo === undefined ? undefined : request.replaces;
      return placeOrder(await client(), { ...request, replaces }, run);
    },
    renewalInfo: async (id) => {
      const { renewalInfo } = await offers();
      return renewalInfo === undefined ? undefined : readRenewalInfo(`${renewalInfo}/${id}`);
    },
  };
}

/** RFC 8555, section 7.3: finds the account of this key, or creates one. */
async function register(directoryUrl: string, contact: string, accountKey: string): Promise<Client> {
  const { Client } = await loadAcme();
  const client = new Client({ directoryUrl, accountKey });
  await client.createAccount({ termsOfServiceAgreed: true, contact: [`mailto:${contact}`] });
  return client;
}

/** Thrown before a key is made that this CA would never accept (RFC 8555, section 7.1.1). */
const boundAccounts = (directory: string): Refusal =>
  refusal(`Asking ${directory} for an account`, {
    type: 'externalAccountRequired',
    detail: 'its directory requires an existing account with the CA',
  });

/** Stores the key before it is used: without it the account could not be used again. */
async function newKey(directory: string, accounts: Accounts): Promise<string> {
  const { crypto } = await loadAcme();
  const key = (await crypto.createPrivateEcdsaKey('P-256')).toString();
  await accounts.keep(directory, key);
  return key;
}

/** A deactivated account can never be used again (RFC 8555, section 7.3.6), so a new one is made. */
function ifDeactivated(error: Error): undefined {
  if (error instanceof Refusal && error.kind === 'unauthorized') return undefined;
  throw error;
}

function refuseUnknownProfile(profile: string, offered: Readonly<Record<string, string>>): void {
  if (profile === '' || profile in offered) return;
  const known = Object.keys(offered).join(', ') || 'none';
  throw new Error(`the CA has no profile "${profile}", but ${known}; change acmeProfile in the settings`);
}

async function readRenewalInfo(url: string): Promise<RenewalInfo> {
  const { data, headers } = await ask<unknown>({ url, method: 'GET' });
  const window = suggestedWindow(data);
  if (window === undefined) throw new Error(`the CA's answer at ${url} has no renewal window; it is asked again later`);
  const again = retryAt(headers['retry-after'], Date.now());
  return { ...window, retryAfterSeconds: again === undefined ? undefined : (again - Date.now()) / 1000 };
}

/** RFC 9773, section 4.2: a window without length, or with times that are not of RFC 3339, counts as no answer. */
export function suggestedWindow(answer: unknown): Pick<RenewalInfo, 'start' | 'end'> | undefined {
  const { suggestedWindow } = (answer ?? {}) as { suggestedWindow?: { start?: unknown; end?: unknown } | null };
  const [start, end] = [suggestedWindow?.start, suggestedWindow?.end].map(timeOf);
  const window = { start: start ?? Number.NaN, end: end ?? Number.NaN };
  return isWindow(window) ? window : undefined;
}

/** `Date.parse` alone would take "1" for a year. */
const timeOf = (text: unknown): number =>
  typeof text === 'string' && /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/.test(text)
    ? Date.parse(text.toUpperCase())
    : Number.NaN;

/** Calls `make` once; a failure is not remembered. */
function once<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined;
  return () => {
    made ??= make().catch((error) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}
