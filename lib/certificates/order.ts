import { X509Certificate } from 'node:crypto';

import { type Authorization, type Client, crypto, type Order } from 'acme-client';

import type { KeyType } from './due';
import { readLeaf } from './leaf';
import { challengeName, sameNames } from './names';
import { type Problem, Refusal, refusal } from './refusal';

export type Request = {
  readonly names: readonly string[];
  readonly keyType: KeyType;
  /** Empty: the CA's default. */
  readonly profile: string;
  /** The certificate that this one follows (RFC 9773, section 5). */
  readonly replaces: string | undefined;
};

export type Placed = {
  /** What DNS must show: names of TXT records, and a value for each. */
  readonly challenges: readonly { readonly name: string; readonly value: string }[];
  /** Lets the CA look, and fetches the certificate. */
  readonly finish: () => Promise<Issued>;
};

/** PEM: a private key, its certificate, and those of the authorities above it. */
export type Issued = { readonly key: string; readonly leaf: string; readonly chain: string };

/** @throws when the run has no time left. */
export type Wait = (milliseconds: number) => Promise<void>;

const everyMs = 2_000;
const mostAsks = 90;

/** Places one order; acme-client's `auto` would race an apex and its wildcard on one record set. */
export async function placeOrder(client: Client, request: Request, wait: Wait): Promise<Placed> {
  const order = await newOrder(client, request);
  const pending = (await client.getAuthorizations(order)).filter(({ status }) => status === 'pending');
  const open = pending.map((authorization) => ({ authorization, challenge: dnsChallenge(authorization) }));
  const answers = open.map(async ({ authorization, challenge }) => ({
    name: challengeName(authorization.identifier.value),
    value: await client.getChallengeKeyAuthorization(challenge),
  }));
  return {
    challenges: await Promise.all(answers),
    finish: async () => {
      for (const { challenge } of open) await client.completeChallenge(challenge);
      await untilAuthorized(client, order, wait);
      return issued(client, order, request, wait);
    },
  };
}

/** RFC 8555, section 7.4, with RFC 9773's `replaces` and the profiles of draft-ietf-acme-profiles. */
async function newOrder(client: Client, request: Request): Promise<Order> {
  const { names, profile, replaces } = request;
  const identifiers = names.map((value) => ({ type: 'dns', value }));
  const data = { identifiers, ...(profile && { profile }), ...(replaces && { replaces }) };
  return client.createOrder(data).catch((error) => {
    // An earlier order for it came through, or is on its way, and was lost to us.
    if (error instanceof Refusal && error.kind === 'alreadyReplaced') {
      return newOrder(client, { ...request, replaces: undefined });
    }
    throw error;
  });
}

function dnsChallenge({ identifier, challenges }: Authorization) {
  const found = challenges.find(({ type }) => type === 'dns-01');
  if (found) return found;
  throw new Error(`the CA offers no challenge by DNS for ${identifier.value}, so it cannot be answered here`);
}

async function untilAuthorized(client: Client, order: Order, wait: Wait): Promise<void> {
  for (let asks = 0; asks < mostAsks; asks++) {
    const authorizations = await client.getAuthorizations(order);
    for (const authorization of authorizations) refuseInvalid(authorization);
    if (authorizations.every(({ status }) => status === 'valid')) return;
    await wait(everyMs);
  }
  throw refusal('Waiting for the CA', { detail: 'it did not look at the challenges within three minutes' });
}

function refuseInvalid({ identifier, status, challenges }: Authorization): void {
  if (status === 'pending' || status === 'valid') return;
  const failed = challenges.find(({ error }) => error !== undefined);
  throw refusal(`Proving ${identifier.value}`, (failed?.error ?? { detail: `it became ${status}` }) as Problem);
}

async function issued(client: Client, order: Order, { names, keyType }: Request, wait: Wait): Promise<Issued> {
  const key = keyType === 'rsa-2048' ? crypto.createPrivateRsaKey(2048) : crypto.createPrivateEcdsaKey('P-256');
  const [pem, request] = await crypto.createCsr({ altNames: [...names] }, await key);
  const ready = await untilStatus(client, order, 'ready', wait);
  await client.finalizeOrder(ready, request);
  const valid = await untilStatus(client, ready, 'valid', wait);
  const [leaf = '', ...authorities] = crypto.splitPemChain(await client.getCertificate(valid));
  return checked({ key: pem.toString(), leaf, chain: authorities.join('\n') }, names);
}

async function untilStatus(client: Client, order: Order, wanted: Order['status'], wait: Wait): Promise<Order> {
  for (let asks = 0; asks < mostAsks; asks++) {
    const now = await client.getOrder(order);
    if (now.status === wanted) return now;
    if (now.status === 'invalid') throw refusal('Waiting for the order', (now.error ?? {}) as Problem);
    await wait(everyMs);
  }
  throw new Error(`the CA's order was not ${wanted} within three minutes; the next run tries again`);
}

/** What would not serve is not stored. */
function checked(certificate: Issued, names: readonly string[]): Issued {
  const leaf = new X509Certificate(certificate.leaf);
  const got = readLeaf(leaf).names;
  if (!sameNames(got, names)) throw new Error(`the CA issued for ${got.join(', ')} instead of ${names.join(', ')}`);
  if (certificate.chain === '') throw new Error('the CA sent a certificate without its chain');
  return certificate;
}
