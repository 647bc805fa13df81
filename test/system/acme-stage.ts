import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';

import { Route53Client } from '@aws-sdk/client-route-53';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';
import { ConfiguredRetryStrategy } from '@smithy/core/retry';
import '../certificates/environment';
import { renewalDeps } from '../../functions/renew';
import { http, patience } from '../../lib/certificates/acme/http';
import type { KeyType, State } from '../../lib/certificates/due/state';
import { renew } from '../../lib/certificates/renew';
import { startRun } from '../../lib/certificates/run';
import type { Settings } from '../../lib/certificates/settings';
import { type Certificate, certificateNames } from '../../lib/generation/generation';
import { startApi } from '../../scripts/local/api/api';
import { startDns } from '../../scripts/local/certificates/dns';
import { type PebbleOptions, startPebble } from '../../scripts/local/certificates/pebble';
import { playRoute53 } from '../../scripts/local/certificates/route53';
import { newQueue, queueHandlers } from '../../scripts/local/events/sqs';
import { processes as startProcesses } from '../../scripts/local/processes';
import { parameterStore } from '../../scripts/local/ssm/parameters';

const credentials = { accessKeyId: 'ASIALOCAL', secretAccessKey: 'secret', sessionToken: 'session' };
export const prefix = '/sluice/dev';
const queueName = 'sluice-dev-reconcile.fifo';

type RunOptions = {
  readonly settings?: Partial<Settings>;
  readonly keyType?: KeyType;
  readonly profile?: string;
  readonly byHand?: boolean;
  readonly leftMs?: number;
  /** Instead of a clock that begins with `leftMs`. */
  readonly clock?: Partial<Parameters<typeof startRun>[0]>;
};

/** A real ACME server, a played AWS with zones that are real DNS, and the renewals of one stage. */
export async function acmeStage(options: PebbleOptions = {}) {
  const processes = startProcesses();
  const route53 = playRoute53(20);
  const dns = await startDns(route53);
  const pebble = await startPebble(dns.resolver, processes, options);
  const [store, queue] = [parameterStore(), newQueue({ QueueName: queueName, ContentBasedDeduplication: true })];
  const hooks: { beforeChange?: (() => void) | undefined; afterChange?: (() => void) | undefined } = {};
  const change = route53.handlers['route53:ChangeResourceRecordSets'];
  const handlers = {
    ...store.handlers,
    ...queueHandlers([queue]),
    ...route53.handlers,
    'route53:ChangeResourceRecordSets': (input: Parameters<typeof change>[0]) => {
      hooks.beforeChange?.();
      const answer = change(input);
      hooks.afterChange?.();
      return answer;
    },
  };
  const api = await startApi([{ ...credentials, role: 'Renew', refused: async () => undefined }], handlers);
  const zone = route53.addZone('example.com');
  Object.assign(patience, { waitsMs: [50, 100], nonceEveryMs: 0 });
  // Node's own agent keeps connections too.
  const agent = new Agent({ ca: readFileSync(pebble.authority), keepAlive: true });
  http.defaults.httpsAgent = agent;

  const config = {
    region: 'eu-west-2',
    endpoint: api.endpoint,
    credentials,
    retryStrategy: new ConfiguredRetryStrategy(3, 5),
  };
  const clients = { ssm: new SSMClient(config), sqs: new SQSClient(config), route53: new Route53Client(config) };
  const read = <Shape>(name: string): Shape | undefined => {
    const value = store.read(name);
    return value === undefined ? undefined : (JSON.parse(value) as Shape);
  };

  /** One run, as the function would make it, with five minutes left unless said otherwise: too few for another try. */
  const run = (certificates: readonly (readonly string[])[], more: RunOptions = {}) => {
    const { settings = {}, clock = {}, byHand = true, leftMs = 300_000 } = more;
    const directory = settings.directory ?? pebble.directory;
    const { keyType = 'ecdsa-p256', profile = '' } = more;
    const all: Settings = {
      prefix,
      queueUrl: `${api.endpoint}/123456789012/${queueName}`,
      addresses: [],
      wanted: certificates.map((names) => ({ names, keyType, directory, profile })),
      directory,
      rehearsal: undefined,
      contact: 'hostmaster@example.com',
      zones: [zone.id],
      resolver: dns.resolver,
      ...settings,
    };
    const endsAt = Date.now() + leftMs;
    const run = startRun({
      now: Date.now,
      remainingMs: () => endsAt - Date.now(),
      // What would be asked every two seconds is asked often.
      sleep: (milliseconds) => sleep(Math.min(milliseconds, 10)),
      ...clock,
    });
    return renew(byHand, renewalDeps(all, clients, run));
  };

  const changeState = (name: string, change: (state: State) => State): void => {
    const Name = `${prefix}/acme/state/${name}`;
    const Value = JSON.stringify(change(read<State>(Name) as State));
    store.put({ Name, Value, Type: 'String', Overwrite: true });
  };

  return {
    route53,
    dns,
    pebble,
    store,
    queue,
    api,
    zone,
    run,
    index: () => read<Certificate[]>(`${prefix}/certificates/index`) ?? [],
    state: (name: string) => read<State>(`${prefix}/acme/state/${name}`),
    /** One day of ninety is left. */
    age: (name: string) => {
      const dayMs = 86_400_000;
      const times = { notBefore: Date.now() - 89 * dayMs, notAfter: Date.now() + dayMs };
      changeState(name, ({ asked: _, held, ...state }) => ({ ...state, ...(held && { held: { ...held, ...times } }) }));
    },
    /** As if its time had passed. */
    expireLock: () => {
      const Name = `${prefix}/acme/lock`;
      const Value = JSON.stringify({ ...read<object>(Name), until: 1 });
      store.put({ Name, Value, Type: 'String', Overwrite: true });
    },
    /** The CA may be asked again at once when it wants a certificate renewed. */
    forgetRetryAfter: (name: string) =>
      changeState(name, ({ asked, ...state }) => ({ ...state, ...(asked && { asked: { ...asked, askAgainAt: 0 } }) })),
    /** What a test does just before Route 53 takes a change, and just after. */
    hooks,
    stored: (name: string) => {
      const { key, chain } = certificateNames(prefix, name);
      return { key: store.read(key) ?? '', chain: store.read(chain) ?? '' };
    },
    stop: async () => {
      agent.destroy();
      await pebble.stop();
      await Promise.all([dns.stop(), api.stop(), processes.stop()]);
    },
  };
}
