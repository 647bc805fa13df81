import { Route53Client } from '@aws-sdk/client-route-53';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';
import { certificateStore } from '../../lib/aws/certificate-store';
import { lockIn } from '../../lib/aws/lock';
import { announce } from '../../lib/aws/queue';
import { route53 } from '../../lib/aws/route53';
import type { Handlers } from '../../scripts/local/api/api';
import { playRoute53 } from '../../scripts/local/certificates/route53';
import { newQueue, queueHandlers } from '../../scripts/local/events/sqs';
import { parameterStore } from '../../scripts/local/ssm/parameters';
import { impatient, played, prefix } from './played';

const lockName = `${prefix}/acme/lock`;
export const name = '_acme-challenge.example.com';
export const state = { attempts: { issued: [], failures: 0, waitUntil: 0, refusedUntil: 0 }, attempted: [] };
export const issued = { key: 'key', leaf: 'leaf', chain: 'chain' };

/** Renew's adapters with real clients, whose patience is shorter, and a played AWS that holds one of everything. */
export async function renewStage(more: Handlers = {}) {
  const zones = playRoute53(0);
  const { id } = zones.addZone('example.com', { records: [{ Name: name, Type: 'TXT', TTL: 60, Values: ['"a"'] }] });
  const change = zones.handlers['route53:ChangeResourceRecordSets'];
  const { ChangeInfo } = change({ Id: id, Changes: [] });
  const [parameters, queue] = [parameterStore(), newQueue({ QueueName: 'q.fifo', ContentBasedDeduplication: true })];
  const put = (path: string, Value: string) =>
    parameters.put({ Name: `${prefix}/${path}`, Value, Type: 'String', Overwrite: true });
  put('acme/state/example.com', JSON.stringify(state));
  put('acme/account', '{}');
  put('acme/lock', '{"owner":"me","until":1}');
  put('certificates/index', '[]');
  const handlers = { ...parameters.handlers, ...queueHandlers([queue]), ...zones.handlers, ...more };
  const { api, client } = await played(handlers);
  const config = { ...client, ...impatient() };
  const ssm = new SSMClient(config);
  return {
    api,
    id,
    change: ChangeInfo.Id.replace('/change/', ''),
    store: certificateStore(ssm, prefix),
    lock: lockIn(ssm, lockName, { owner: 'me', now: Date.now, pause: async () => {} }),
    lockOf: (me: Parameters<typeof lockIn>[2]) => lockIn(ssm, lockName, me),
    /** Another run takes the lock away, and has it. */
    seize: (Value: string) => void parameters.put({ Name: lockName, Value, Type: 'String', Overwrite: true }),
    held: () => parameters.read(lockName),
    put,
    zones: route53(new Route53Client(config)),
    announce: announce(new SQSClient(config), `${api.endpoint}/123456789012/q.fifo`),
  };
}

export type RenewStage = Awaited<ReturnType<typeof renewStage>>;
