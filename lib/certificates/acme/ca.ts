import { Client, crypto } from 'acme-client';

import { type RenewalInfo, suggestedWindow } from '../due/ari';
import { http } from './http';
import { type Placed, placeOrder, type Request, type Wait } from './order';
import { Refusal, refusal, retryAt } from './refusal';

/** One certificate authority, by the account that is kept for its directory. */
export type Ca = {
  readonly place: (request: Request) => Promise<Placed>;
  /** When it wants a certificate to be renewed (RFC 9773); `undefined` where it does not say such things. */
  readonly renewalInfo: (id: string) => Promise<RenewalInfo | undefined>;
};

/** The account's private keys, PEM, by directory. */
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

/** Nothing is asked before it is needed. */
export function certificateAuthority(directory: string, contact: string, accounts: Accounts, wait: Wait): Ca {
  const offers = once(async () => (await http.get<Directory>(directory)).data);
  const client = once(async () => {
    const kept = await accounts.read(directory);
    const known = kept === undefined ? undefined : await registered(directory, contact, kept).catch(ifDeactivated);
    if (known) return known;
    if ((await offers()).meta?.externalAccountRequired) throw refuseBound(directory);
    return registered(directory, contact, await newKey(directory, accounts));
  });

  return {
    place: async (request) => {
      // What could not be finished is not begun.
      await wait(0);
      const { renewalInfo, meta = {} } = await offers();
      refuseUnknownProfile(request.profile, meta.profiles ?? {});
      const replaces = renewalInfo === undefined ? undefined : request.replaces;
      return placeOrder(await client(), { ...request, replaces }, wait);
    },
    renewalInfo: async (id) => {
      const { renewalInfo } = await offers();
      return renewalInfo === undefined ? undefined : askedFor(`${renewalInfo}/${id}`);
    },
  };
}

/** The account that has a key, or a new one (RFC 8555, section 7.3). */
async function registered(directoryUrl: string, contact: string, accountKey: string): Promise<Client> {
  const client = new Client({ directoryUrl, accountKey });
  await client.createAccount({ termsOfServiceAgreed: true, contact: [`mailto:${contact}`] });
  return client;
}

/** Said before a key is made that this CA would never take (RFC 8555, section 7.1.1). */
const refuseBound = (directory: string): Refusal =>
  refusal(`Asking ${directory} for an account`, {
    type: 'externalAccountRequired',
    detail: 'its directory says that it gives none by itself',
  });

/** Kept before it is used, so that no account is lost. */
async function newKey(directory: string, accounts: Accounts): Promise<string> {
  const key = (await crypto.createPrivateEcdsaKey('P-256')).toString();
  await accounts.keep(directory, key);
  return key;
}

/** An account that was deactivated never comes back (RFC 8555, section 7.3.6). */
function ifDeactivated(error: Error): undefined {
  if (error instanceof Refusal && error.kind === 'unauthorized') return undefined;
  throw error;
}

function refuseUnknownProfile(profile: string, offered: Readonly<Record<string, string>>): void {
  if (profile === '' || profile in offered) return;
  const known = Object.keys(offered).join(', ') || 'none';
  throw new Error(`the CA has no profile "${profile}", but ${known}; change acmeProfile in the settings`);
}

async function askedFor(url: string): Promise<RenewalInfo> {
  const { data, headers } = await http.get<unknown>(url);
  const window = suggestedWindow(data);
  if (window === undefined) throw new Error(`the CA's renewal window at ${url} is none; it is asked again later`);
  const again = retryAt(headers['retry-after'], Date.now());
  return { ...window, retryAfterSeconds: again === undefined ? undefined : (again - Date.now()) / 1000 };
}

/** A failure is not remembered. */
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
