import { createPrivateKey, X509Certificate } from 'node:crypto';

import type { Authorization, Client, Order } from 'acme-client';

import { chainOf, challengeName, readLeaf, sameNames } from '../certificate';
import type { KeyType } from '../due/state';
import type { Run } from '../run';
import { loadAcme, type Problem, Refusal, refusal } from './http';

export type Request = {
  readonly names: readonly string[];
  readonly keyType: KeyType;
  readonly profile: string;
  /** RFC 9773, section 5. */
  readonly replaces: string | undefined;
};

export type Placed = {
  /** One TXT value for each name. */
  readonly challenges: readonly { readonly name: string; readonly value: string }[];
  /** Lets the CA check the challenges and issue, and fetches the certificate. */
  readonly finish: () => Promise<Issued>;
  /** The CA may have issued although `finish` failed. */
  readonly mayBeIssued: () => boolean;
};

/** PEM. */
export type Issued = { readonly key: string; readonly leaf: string; readonly chain: string };

const everyMs = 2_000;
/** Three minutes. */
const mostAsks = 90;

/** Places one order; acme-client's `auto` would race an apex and its wildcard on one record set. */
export async function placeOrder(client: Client, request: Request, run: Run): Promise<Placed> {
  const order = await newOrder(client, request);
  const pending = (await client.getAuthorizations(order)).filter(({ status }) => status === 'pending');
  const open = pending.map((authorization) => ({ authorization, challenge: dnsChallenge(authorization) }));
  const challenges = open.map(async ({ authorization, challenge }) => ({
    name: challengeName(authorization.identifier.value),
    value: await client.getChallengeKeyAuthorization(challenge),
  }));
  const progress = { mayBeIssued: false };
  return {
    challenges: await Promise.all(challenges),
    finish: async () => {
      for (const { challenge } of open) {
        run.refuseIfLate();
        await client.completeChallenge(challenge);
      }
      run.refuseIfLate();
      await untilAuthorized(client, order, run);
      const [key, csr] = await certificateRequest(request);
      run.refuseIfLate();
      const ready = await untilReady(client, order, run);
      // Later there would be no time to store what the CA issues.
      run.refuseIfLate();
      const valid = await finalize(client, ready, csr, run, progress);
      const { crypto } = await loadAcme();
      const [leaf = '', ...authorities] = crypto.splitPemChain(await client.getCertificate(valid));
      return verify({ key, leaf, chain: authorities.join('\n') }, request.names);
    },
    mayBeIssued: () => progress.mayBeIssued,
  };
}

/** RFC 8555, section 7.4, with RFC 9773's `replaces` and the profiles of draft-ietf-acme-profiles. */
async function newOrder(client: Client, request: Request): Promise<Order> {
  const { names, profile, replaces } = request;
  const identifiers = names.map((value) => ({ type: 'dns', value }));
  const data = { identifiers, ...(profile && { profile }), ...(replaces && { replaces }) };
  return client.createOrder(data).catch((error) => {
    // `replaces` only spares limits and must not stop an order: the answer to an earlier order may have been lost, or another
    // account ordered the old certificate.
    if (replaces === undefined || !(error instanceof Refusal) || !aboutReplaced.has(error.kind)) throw error;
    return newOrder(client, { ...request, replaces: undefined });
  });
}

/** Only `alreadyReplaced` is specific to ARI (RFC 9773, section 7.4); CAs use the others for it too. */
const aboutReplaced = new Set(['alreadyReplaced', 'conflict', 'malformed', 'unauthorized']);

function dnsChallenge({ identifier, challenges }: Authorization) {
  const found = challenges.find(({ type }) => type === 'dns-01');
  if (found) return found;
  throw new Error(`the CA offers no challenge by DNS for ${identifier.value}, so it cannot be answered here`);
}

async function untilAuthorized(client: Client, order: Order, run: Run): Promise<void> {
  for (let asks = 0; asks < mostAsks; asks++) {
    const authorizations = await client.getAuthorizations(order);
    for (const authorization of authorizations) refuseUnproven(authorization);
    if (authorizations.every(({ status }) => status === 'valid')) return;
    await run.pause(everyMs);
  }
  throw refusal('Waiting for the CA', { detail: 'it did not check the challenges within three minutes' });
}

function refuseUnproven({ identifier, status, challenges }: Authorization): void {
  if (status === 'pending' || status === 'valid') return;
  const failed = challenges.find(({ error }) => error !== undefined);
  throw refusal(`Proving ${identifier.value}`, (failed?.error ?? { detail: `it became ${status}` }) as Problem);
}

async function certificateRequest({ names, keyType }: Request): Promise<readonly [key: string, csr: Buffer]> {
  const { crypto } = await loadAcme();
  const key = keyType === 'rsa-2048' ? crypto.createPrivateRsaKey(2048) : crypto.createPrivateEcdsaKey('P-256');
  const [pem, csr] = await crypto.createCsr({ altNames: [...names] }, await key);
  return [pem.toString(), csr];
}

async function untilReady(client: Client, order: Order, run: Run): Promise<Order> {
  let now = order;
  for (let asks = 0; asks < mostAsks; asks++) {
    now = await client.getOrder(order);
    if (now.status === 'ready') return now;
    refuseInvalid(now);
    await run.pause(everyMs);
  }
  throw notWithinTime(now, 'ready');
}

/**
 * Only the order's status shows whether the CA issues: its answer may be lost, and a CA whose servers lag behind each other answers
 * `orderNotReady` for a ready order (RFC 8555, section 7.4). So this asks again while the order stays ready.
 * @param progress is right whenever this throws
 */
export async function finalize(
  client: Client,
  ready: Order,
  csr: Buffer,
  run: Pick<Run, 'pause'>,
  progress: { mayBeIssued: boolean },
): Promise<Order> {
  let order = ready;
  let refused: Error | undefined;
  for (let asks = 0; asks < mostAsks; asks++) {
    if (order.status === 'ready' && (asks === 0 || refused !== undefined)) {
      progress.mayBeIssued = true;
      refused = await client.finalizeOrder(order, csr).then(
        () => undefined,
        (error: Error) => error,
      );
      if (refused instanceof Refusal && !isNotReady(refused)) progress.mayBeIssued = false;
    }
    order = await client.getOrder(ready).catch((error) => Promise.reject(refused ?? error));
    const isUnderWay = order.status === 'processing' || order.status === 'valid';
    progress.mayBeIssued = isUnderWay || (refused === undefined && order.status !== 'invalid');
    if (order.status === 'valid') return order;
    refuseInvalid(order);
    if (!isUnderWay && refused !== undefined && !isNotReady(refused)) throw refused;
    await run.pause(everyMs);
  }
  throw refused ?? notWithinTime(order, 'valid');
}

const isNotReady = (error: Error): boolean => error instanceof Refusal && error.kind === 'orderNotReady';

function refuseInvalid({ status, error }: Order): void {
  if (status === 'invalid') throw refusal('Waiting for the order', (error ?? {}) as Problem);
}

const notWithinTime = ({ status }: Order, wanted: Order['status']): Error =>
  new Error(`the CA's order was still ${status}, not ${wanted}, after three minutes; the next run tries again`);

/** @throws when it is not the ordered certificate, or would not be trusted: it must not replace a good one. */
function verify(issued: Issued, names: readonly string[]): Issued {
  const leaf = new X509Certificate(issued.leaf);
  const got = readLeaf(leaf).names;
  if (!sameNames(got, names)) throw new Error(`the CA issued for ${got.join(', ')} instead of ${names.join(', ')}`);
  if (!leaf.checkPrivateKey(createPrivateKey(issued.key))) throw new Error('the CA issued for another key');
  if (issued.chain === '') throw new Error('the CA sent a certificate without its chain');
  try {
    return { ...issued, chain: chainOf(issued.leaf, issued.chain, Date.now()) };
  } catch (cause) {
    throw new Error(`the chain that the CA sent with it ${(cause as Error).message}`, { cause });
  }
}
