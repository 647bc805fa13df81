import '../certificates/environment';

import { readFileSync } from 'node:fs';
import { globalAgent } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';

import { Route53Client } from '@aws-sdk/client-route-53';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';
import { ConfiguredRetryStrategy } from '@smithy/core/retry';

import { renewalDeps } from '../../functions/renew';
import { patience } from '../../lib/certificates/acme/http';
import type { KeyType, State } from '../../lib/certificates/due/state';
import { renew } from '../../lib/certificates/renew';
import { startRun } from '../../lib/certificates/run';
import type { Settings } from '../../lib/certificates/settings';
import { type Certificate, certificateNames } from '../../lib/generation/generation';
import { startApi } from '../../scripts/local/api/api';
import type { PebbleOptions } from '../../scripts/local/certificates/pebble';
import { playRoute53, type Route53 } from '../../scripts/local/certificates/route53';
import { newQueue, queueHandlers } from '../../scripts/local/events/sqs';
import { parameterStore } from '../../scripts/local/ssm/parameters';
import { sharedCa } from './shared-ca';

const prefix = '/sluice/dev';
const dayMs = 86_400_000;
export const name = 'example.com';
/** What somebody else wrote into the record of the challenge. */
export const foreign = { Name: `_acme-challenge.${name}`, Type: 'TXT', TTL: 300, Values: ['"foreign"'] };

/** With a certificate whose time is nearly over, and somebody else's value beside our own. */
async function dueStage() {
  const stage = await acmeStage();
  await stage.run([[name, `*.${name}`]]);
  stage.changeState(name, ({ asked: _, held, ...state }) => {
    const times = { notBefore: Date.now() - 89 * dayMs, notAfter: Date.now() + dayMs };
    return { ...state, ...(held && { held: { ...held, ...times } }) };
  });
  stage.route53.put(stage.zone.id, foreign);
  return stage;
}

/** A real ACME server, a played AWS with zones that are real DNS, and the renewals of one stage. */
export let stage: Awaited<ReturnType<typeof dueStage>>;

/** Each test of a file begins with a certificate that is due. */
export function dueStageForEach(): void {
  beforeEach(async () => {
    stage = await dueStage();
  });
  afterEach(() => stage?.stop());
}

export async function acmeStage(options: PebbleOptions = {}) {
  const route53 = playRoute53(20);
  const zone = route53.addZone(name);
  const { dns, pebble, ...ca } = await startCa(route53, options);
  const { api, clients, queueUrl, store, ...aws } = await startAws(route53);
  const settings = (directory: string): Omit<Settings, 'wanted'> => ({
    prefix,
    queueUrl,
    addresses: [],
    directory,
    rehearsal: undefined,
    contact: 'hostmaster@example.com',
    zones: [zone.id],
    resolver: dns.resolver,
  });
  return {
    ...aws,
    ...readingOf(store),
    route53,
    dns,
    pebble,
    store,
    api,
    zone,
    txt: () => route53.records(zone.id).filter(({ Type }) => Type === 'TXT'),
    orders: () => pebble.payloads.flatMap(({ payload }) => ('identifiers' in payload ? [payload] : [])),
    run: (certificates: readonly (readonly string[])[], more: RunOptions = {}) =>
      runOnce(certificates, settings(pebble.directory), clients, more),
    stop: async () => void (await Promise.all([ca.stop(), api.stop()])),
  };
}

type RunOptions = {
  readonly settings?: Partial<Settings>;
  readonly keyType?: KeyType;
  readonly profile?: string;
  readonly byHand?: boolean;
  /** Five minutes unless said otherwise: too few for another try. */
  readonly leftMs?: number;
  /** Instead of a clock that begins with `leftMs`. */
  readonly clock?: Partial<Parameters<typeof startRun>[0]>;
};

/** One run, as the function would make it. */
function runOnce(
  certificates: readonly (readonly string[])[],
  stage: Omit<Settings, 'wanted'>,
  clients: Parameters<typeof renewalDeps>[1],
  { settings, keyType = 'ecdsa-p256', profile = '', byHand = true, leftMs = 300_000, clock }: RunOptions,
) {
  const { directory } = stage;
  const wanted = certificates.map((names) => ({ names, keyType, directory, profile }));
  const endsAt = Date.now() + leftMs;
  const run = startRun({
    now: Date.now,
    remainingMs: () => endsAt - Date.now(),
    // What would be asked every two seconds is asked often.
    sleep: (milliseconds) => sleep(Math.min(milliseconds, 10)),
    ...clock,
  });
  return renew(byHand, renewalDeps({ ...stage, wanted, ...settings }, clients, run));
}

async function startCa(route53: Route53, options: PebbleOptions) {
  const { dns, pebble } = await sharedCa(route53, options);
  Object.assign(patience, { waitsMs: [50, 100], nonceEveryMs: 0 });
  globalAgent.options.ca = readFileSync(pebble.authority);
  const stop = async () => {
    globalAgent.destroy();
    await pebble.stop();
  };
  return { dns, pebble, stop };
}

async function startAws(route53: Route53) {
  const QueueName = 'sluice-dev-reconcile.fifo';
  const [store, queue] = [parameterStore(), newQueue({ QueueName, ContentBasedDeduplication: true })];
  /** What a test does just before Route 53 takes a change, and just after. */
  const hooks: { beforeChange?: (() => void) | undefined; afterChange?: (() => void) | undefined } = {};
  const change = route53.handlers['route53:ChangeResourceRecordSets'];
  const hooked = (input: Parameters<typeof change>[0]) => {
    hooks.beforeChange?.();
    const answer = change(input);
    hooks.afterChange?.();
    return answer;
  };
  const credentials = { accessKeyId: 'ASIALOCAL', secretAccessKey: 'secret', sessionToken: 'session' };
  const handlers = { ...store.handlers, ...queueHandlers([queue]), ...route53.handlers };
  const role = { ...credentials, role: 'Renew', refused: async () => undefined };
  const api = await startApi([role], { ...handlers, 'route53:ChangeResourceRecordSets': hooked });
  const retryStrategy = new ConfiguredRetryStrategy(3, 5);
  const config = { region: 'eu-west-2', endpoint: api.endpoint, credentials, retryStrategy };
  const clients = { ssm: new SSMClient(config), sqs: new SQSClient(config), route53: new Route53Client(config) };
  return { api, store, queue, hooks, clients, queueUrl: `${api.endpoint}/123456789012/${QueueName}` };
}

function readingOf(store: ReturnType<typeof parameterStore>) {
  const read = <Shape>(path: string): Shape | undefined =>
    JSON.parse(store.read(`${prefix}/${path}`) ?? 'null') ?? undefined;
  const put = (path: string, Value: string) =>
    store.put({ Name: `${prefix}/${path}`, Value, Type: 'String', Overwrite: true });
  const changeState = (of: string, change: (state: State) => State) =>
    put(`acme/state/${of}`, JSON.stringify(change(read<State>(`acme/state/${of}`) as State)));
  return {
    put,
    changeState,
    index: () => read<Certificate[]>('certificates/index') ?? [],
    state: (of: string) => read<State>(`acme/state/${of}`),
    stored: (of: string) => {
      const { key, chain } = certificateNames(prefix, of);
      return { key: store.read(key) ?? '', chain: store.read(chain) ?? '' };
    },
    /** As if its time had passed. */
    expireLock: () => put('acme/lock', JSON.stringify({ ...read<object>('acme/lock'), until: 1 })),
    /** The CA may be asked again at once when it wants a certificate renewed. */
    forgetRetryAfter: (of: string) =>
      changeState(of, ({ asked, ...state }) => ({ ...state, ...(asked && { asked: { ...asked, askAgainAt: 0 } }) })),
  };
}
