import { createSocket } from 'node:dgram';
import { once } from 'node:events';

import * as wire from 'dns-packet';

import { ownAddress } from '../../real/loopback';
import { answerCache } from './cache';
import type { CloudMap, Registered } from './cloud-map';

/** Route 53 answers with at most so many, chosen at random (Cloud Map: DnsConfig, RoutingPolicy MULTIVALUE). */
const mostAnswers = 8;
const noSuchName = 3;

type Found = { readonly code: number; readonly records: readonly wire.Answer[] };
type Name = { readonly service: string; readonly ttlSeconds: number };

export const srvName = ({ service, ttlSeconds }: Name): string => `_${service}._tcp.ttl${ttlSeconds}.test`;

/** The resolver of a VPC, by UDP: keeps an answer for its TTL, which the name holds. */
export async function startResolver(cloudMap: CloudMap) {
  const cache = answerCache<Found>();
  const address = ownAddress();
  const socket = createSocket('udp4').bind(0, address);
  socket.on('message', (message, from) => {
    const { id, questions } = wire.decode(message);
    const [{ name, type } = { name: '', type: 'A' as wire.RecordType }] = questions ?? [];
    const { code, records } = look(cache, cloudMap, name.toLowerCase(), type);
    const flags = wire.RECURSION_DESIRED | wire.RECURSION_AVAILABLE | code;
    const answers = [...records];
    socket.send(wire.encode({ type: 'response', id, questions, flags, answers }), from.port, from.address);
  });
  await once(socket, 'listening');
  return {
    at: `${address}:${socket.address().port}`,
    /** The kept list of the service's tasks ends in so many milliseconds. */
    endIn: (name: Name, ms: number): void => cache.endAt(`SRV ${srvName(name)}`, Date.now() + ms),
    stop: (): void => void socket.close(),
  };
}

export type Resolver = Awaited<ReturnType<typeof startResolver>>;

function look(cache: ReturnType<typeof answerCache<Found>>, cloudMap: CloudMap, name: string, type: string): Found {
  const now = Date.now();
  const ttlMs = Number(/\.ttl(\d+)\.test$/.exec(name)?.[1] ?? 0) * 1_000;
  const { answer, until } = cache.read(`${type} ${name}`, ttlMs, now, () => ask(cloudMap, name, type));
  const ttl = Math.ceil((until - now) / 1_000);
  return { ...answer, records: answer.records.map((record) => ({ ...record, ttl }) as wire.Answer) };
}

/** Asks Route 53. ASSUMED: an answer with SRV records carries no addresses, as the proxy asks for each target anyway. */
function ask(cloudMap: CloudMap, name: string, type: string): Found {
  const [, id, service = '', zone = ''] = /^(?:([0-9a-f]+)\.)?_([\w-]+)\._tcp\.(ttl\d+\.test)$/.exec(name) ?? [];
  const tasks = cloudMap.registered(service);
  if (id === undefined && type === 'SRV') {
    const records = someOf(tasks).map(({ id: target, port }): wire.SrvAnswer => {
      const data = { priority: 1, weight: 1, port, target: `${target}._${service}._tcp.${zone}` };
      return { name, type, data };
    });
    return { code: records.length > 0 ? 0 : noSuchName, records };
  }
  const found = tasks.find((task) => task.id === id);
  if (found === undefined) return { code: noSuchName, records: [] };
  return { code: 0, records: type === 'A' ? [{ name, type, data: found.address }] : [] };
}

const someOf = (tasks: readonly Registered[]): readonly Registered[] =>
  tasks
    .map((task) => ({ task, order: Math.random() }))
    .sort((a, b) => a.order - b.order)
    .slice(0, mostAnswers)
    .map(({ task }) => task);
