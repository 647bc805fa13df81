import { createPrivateKey, X509Certificate } from 'node:crypto';

import { type Authorization, type Client, crypto, type Order } from 'acme-client';
import type { KeyType } from '../due/due';
import { readLeaf } from '../leaf';
import { challengeName, sameNames } from '../names';
import { chainOf } from '../x509';
import { everyMs, finalized, mostAsks, untilStatus } from './finalize';
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
  /** Whether a failed `finish` may have had the CA issue all the same. */
  readonly mayBeIssued: () => boolean;
};

/** PEM: a private key, its certificate, and those of the authorities above it. */
export type Issued = { readonly key: string; readonly leaf: string; readonly chain: string };

/** @throws when the run has no time left. */
export type Wait = (milliseconds: number) => Promise<void>;

/** Places one order; acme-client's `auto` would race an apex and its wildcard on one record set. */
export async function placeOrder(client: Client, request: Request, wait: Wait): Promise<Placed> {
  const order = await newOrder(client, request);
  const pending = (await client.getAuthorizations(order)).filter(({ status }) => status === 'pending');
  const open = pending.map((authorization) => ({ authorization, challenge: dnsChallenge(authorization) }));
  const answers = open.map(async ({ authorization, challenge }) => ({
    name: challengeName(authorization.identifier.value),
    value: await client.getChallengeKeyAuthorization(challenge),
  }));
  let mayBeIssued = false;
  return {
    challenges: await Promise.all(answers),
    finish: async () => {
      for (const { challenge } of open) {
        // Each may take a slow CA long.
        await wait(0);
        await client.completeChallenge(challenge);
      }
      await wait(0);
      await untilAuthorized(client, order, wait);
      const [key, asked] = await certificateRequest(request);
      await wait(0);
      const ready = await untilStatus(client, order, 'ready', wait);
      // What could not be stored any more is not issued.
      await wait(0);
      const valid = await finalized(client, ready, asked, wait, (is) => {
        mayBeIssued = is;
      });
      const [leaf = '', ...authorities] = crypto.splitPemChain(await client.getCertificate(valid));
      return checked({ key, leaf, chain: authorities.join('\n') }, request.names);
    },
    mayBeIssued: () => mayBeIssued,
  };
}

/** RFC 8555, section 7.4, with RFC 9773's `replaces` and the profiles of draft-ietf-acme-profiles. */
async function newOrder(client: Client, request: Request): Promise<Order> {
  const { names, profile, replaces } = request;
  const identifiers = names.map((value) => ({ type: 'dns', value }));
  const data = { identifiers, ...(profile && { profile }), ...(replaces && { replaces }) };
  return client.createOrder(data).catch((error) => {
    // What it says of an older certificate only spares limits, and never holds up a new one: an order for it may have come
    // through and been lost to us, or another account ordered that certificate.
    if (replaces === undefined || !(error instanceof Refusal) || !aboutReplaced.has(error.kind)) throw error;
    return newOrder(client, { ...request, replaces: undefined });
  });
}

/** Of these words only the first is for that alone (RFC 9773, section 7.4); CAs use the others too. */
const aboutReplaced = new Set(['alreadyReplaced', 'conflict', 'malformed', 'unauthorized']);

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

async function certificateRequest({ names, keyType }: Request): Promise<readonly [key: string, request: Buffer]> {
  const key = keyType === 'rsa-2048' ? crypto.createPrivateRsaKey(2048) : crypto.createPrivateEcdsaKey('P-256');
  const [pem, request] = await crypto.createCsr({ altNames: [...names] }, await key);
  return [pem.toString(), request];
}

/** What would not serve is not stored. */
function checked(certificate: Issued, names: readonly string[]): Issued {
  const leaf = new X509Certificate(certificate.leaf);
  const got = readLeaf(leaf).names;
  if (!sameNames(got, names)) throw new Error(`the CA issued for ${got.join(', ')} instead of ${names.join(', ')}`);
  if (!leaf.checkPrivateKey(createPrivateKey(certificate.key))) throw new Error('the CA issued for another key');
  if (certificate.chain === '') throw new Error('the CA sent a certificate without its chain');
  return { ...certificate, chain: fitting(certificate) };
}

function fitting({ leaf, chain }: Issued): string {
  try {
    return chainOf(leaf, chain, Date.now());
  } catch (cause) {
    throw new Error(`the chain that the CA sent with it ${(cause as Error).message}`, { cause });
  }
}
