import { createSocket } from 'node:dgram';
import { once } from 'node:events';

import * as wire from 'dns-packet';

import { ownAddress } from '../../real/loopback';
import type { Record53 } from './record-sets';
import type { Route53 } from './route53';

type State = {
  readonly addresses: readonly string[];
  readonly route53: Pick<Route53, 'shows'>;
  /** Every question, as `TXT _acme-challenge.example.com`. */
  readonly questions: string[];
  isLagging: boolean;
  isHiding: boolean;
};

const failed = 2;
const noSuchName = 3;

/**
 * Route 53's zones as real DNS, by UDP. The first address is a resolver that follows CNAMEs from zone to zone; the zones' two name
 * servers are two more, at the same port.
 */
export async function startDns(route53: State['route53']) {
  const addresses = [ownAddress(), ownAddress(), ownAddress()];
  const state: State = { addresses, route53, questions: [], isLagging: false, isHiding: false };
  const { port, stop } = await listenOn(addresses, (message, address) => answer(state, message, address));
  return {
    /** `address:port` of the resolver. */
    resolver: `${addresses[0]}:${port}`,
    questions: state.questions,
    /** One name server, of two, does not know the newest yet. */
    lag: (now: boolean): void => void Object.assign(state, { isLagging: now }),
    /** The resolver, which a CA asks, sees no TXT record, though the zones' name servers show it. */
    hide: (now: boolean): void => void Object.assign(state, { isHiding: now }),
    stop,
  };
}

export type Dns = Awaited<ReturnType<typeof startDns>>;

/** An authoritative answer, which any resolver of its asker may take for a recursive one. */
function answer(state: State, message: Buffer, address: string): Buffer {
  const { id, questions } = wire.decode(message);
  const [{ name, type } = { name: '', type: 'A' as wire.RecordType }] = questions ?? [];
  state.questions.push(`${type} ${name.toLowerCase()}`);
  const [resolver, , second] = state.addresses;
  const isBehind =
    (state.isLagging && address === second) || (state.isHiding && address === resolver && type === 'TXT');
  const { code, found } = isBehind ? { code: noSuchName, found: [] } : follow(state, name.toLowerCase(), type);
  const flags = wire.AUTHORITATIVE_ANSWER | wire.RECURSION_DESIRED | wire.RECURSION_AVAILABLE | code;
  return wire.encode({ type: 'response', id, questions, flags, answers: found });
}

/** Follows CNAMEs as a resolver does, and returns all records on the way. */
function follow(state: State, name: string, type: string): { code: number; found: wire.Answer[] } {
  const found: { readonly at: string; readonly data: string; readonly answer: wire.Answer }[] = [];
  const answers = () => found.map((each) => each.answer);
  for (let at = name, hops = 0; hops < 8; hops++) {
    const records = lookUp(state, at);
    if (records === undefined || records.length === 0) return { code: noSuchName, found: answers() };
    const wanted = records.filter(({ Type }) => Type === type);
    const next = wanted.length > 0 ? undefined : records.find(({ Type }) => Type === 'CNAME');
    // No two of one set are the same (RFC 2181, section 5).
    const isNew = (data: string) => !found.some((each) => each.at === at && each.data === data);
    for (const set of next ? [next] : wanted)
      for (const data of set.Values.filter(isNew)) found.push({ at, data, answer: resource(at, set, data) });
    if (next === undefined) return { code: 0, found: answers() };
    at = (next.Values[0] ?? '').replace(/\.$/, '').toLowerCase();
  }
  return { code: failed, found: [] };
}

function lookUp({ addresses, route53 }: State, name: string): readonly Record53[] | undefined {
  const [, server] = /^ns-(\d)\.\w+\.awsdns\.test$/.exec(name) ?? [];
  if (server === undefined) return route53.shows(name);
  return [{ Name: name, Type: 'A', TTL: 60, Values: [addresses[Number(server)] ?? ''] }];
}

/** Values as Route 53 holds them: `"one" "two"` of TXT, `0 issue "example.net"` of CAA (RFC 8659, section 4.1). */
function resource(name: string, { Type, TTL: ttl }: Record53, text: string): wire.Answer {
  if (Type === 'TXT')
    return { name, type: Type, ttl, data: Array.from(text.matchAll(/"((?:[^"\\]|\\.)*)"/g), ([, part = '']) => part) };
  const [, flags, tag, value = ''] = (Type === 'CAA' && /^(\d+) (\w+) "(.*)"$/.exec(text)) || [];
  const data = Type === 'CAA' ? { flags: Number(flags), tag, value } : text.replace(/\.$/, '');
  return { name, type: Type, ttl, data } as wire.Answer;
}

type Answer = (message: Buffer, address: string) => Buffer;

/** Listens at the same free port of every address. */
async function listenOn(addresses: readonly string[], answer: Answer) {
  for (let tries = 0; ; tries++) {
    const port = 30_000 + Math.floor(Math.random() * 2_000);
    const sockets = addresses.map((address) => {
      const socket = createSocket('udp4').bind(port, address);
      return socket.on('message', (message, from) => socket.send(answer(message, address), from.port, from.address));
    });
    const stop = async () => sockets.forEach((socket) => void socket.close());
    try {
      await Promise.all(sockets.map((socket) => once(socket, 'listening')));
      return { port, stop };
    } catch (error) {
      await stop();
      if (tries > 20) throw error;
    }
  }
}
