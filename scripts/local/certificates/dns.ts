import { createSocket } from 'node:dgram';
import { createServer, type Socket } from 'node:net';
import { ownAddress } from '../api/loopback';
import { codes, type Question, type Resource, readQuestion, writeAnswer } from './dns-message';
import type { Record53 } from './record-sets';
import type { Route53 } from './route53';

export type Dns = {
  /** `address:port` of a resolver. */
  readonly resolver: string;
  /** One name server, of two, does not know the newest yet. */
  lag(now: boolean): void;
  /** The resolver, which a CA asks, sees no TXT record, though the zones' name servers show it. */
  hide(now: boolean): void;
  /** Every question, as `TXT _acme-challenge.example.com`. */
  readonly questions: readonly string[];
  stop(): Promise<void>;
};

type Lookup = (name: string) => readonly Record53[] | undefined;

/**
 * Route 53's zones as real DNS, by UDP and TCP. One address is a resolver that follows CNAMEs from zone to zone; the zones'
 * two name servers are two more, at the same port.
 */
export async function startDns(route53: Route53): Promise<Dns> {
  const addresses = [ownAddress(), ownAddress(), ownAddress()];
  const [resolver = '', ...servers] = addresses;
  const questions: string[] = [];
  let lagging = false;
  let hiding = false;

  const lookup: Lookup = (name) => {
    const [, server] = /^ns-(\d)\.\w+\.awsdns\.test$/.exec(name) ?? [];
    if (server === undefined) return route53.shows(name);
    return [{ Name: name, Type: 'A', TTL: 60, Values: [servers[Number(server) - 1] ?? ''] }];
  };
  const answer = (message: Buffer, address: string, limit?: number): Buffer => {
    const question = readQuestion(message);
    questions.push(`${question.type} ${question.name}`);
    const isHidden = hiding && address === resolver && question.type === 'TXT';
    const isBehind = (lagging && address === servers[1]) || isHidden;
    const { code, found } = isBehind ? { code: codes.noSuchName, found: [] } : answersTo(question, lookup);
    const whole = writeAnswer(question, code, found);
    const isCut = whole.length > Math.min(limit ?? Infinity, limit === undefined ? Infinity : question.size);
    return isCut ? writeAnswer(question, code, found, true) : whole;
  };

  const { port, stop } = await listenOn(addresses, answer);
  return {
    resolver: `${resolver}:${port}`,
    lag: (now) => {
      lagging = now;
    },
    hide: (now) => {
      hiding = now;
    },
    questions,
    stop,
  };
}

/** What is found on the way along CNAMEs, as a resolver tells it. */
function answersTo({ name, type }: Question, lookup: Lookup): { code: number; found: readonly Resource[] } {
  const found: Resource[] = [];
  for (let at = name, hops = 0; hops < 8; hops++) {
    const records = lookup(at);
    if (records === undefined || records.length === 0) return { code: codes.noSuchName, found };
    const wanted = records.filter(({ Type }) => Type === type);
    const next = wanted.length > 0 ? undefined : records.find(({ Type }) => Type === 'CNAME');
    // No two of one set are the same (RFC 2181, section 5).
    const has = (data: string) => found.some((resource) => resource.name === at && resource.data === data);
    for (const { Type, TTL, Values } of next ? [next] : wanted)
      found.push(...Values.filter((data) => !has(data)).map((data) => ({ name: at, type: Type, ttl: TTL, data })));
    if (next === undefined) return { code: codes.found, found };
    at = (next.Values[0] ?? '').replace(/\.$/, '').toLowerCase();
  }
  return { code: codes.failed, found: [] };
}

type Answer = (message: Buffer, address: string, limit?: number) => Buffer;

/** The same free port at every address, for UDP and TCP. */
async function listenOn(
  addresses: readonly string[],
  answer: Answer,
): Promise<{ port: number; stop(): Promise<void> }> {
  for (let tries = 0; ; tries++) {
    const port = 30_000 + Math.floor(Math.random() * 2_000);
    const ends: (() => Promise<void>)[] = [];
    try {
      for (const address of addresses) for (const serve of [udp, tcp]) ends.push(await serve(address, port, answer));
      return { port, stop: async () => void (await Promise.all(ends.map((end) => end()))) };
    } catch (error) {
      await Promise.all(ends.map((end) => end()));
      if (tries > 20) throw error;
    }
  }
}

async function udp(address: string, port: number, answer: Answer): Promise<() => Promise<void>> {
  const socket = createSocket('udp4');
  socket.on('message', (message, from) => socket.send(answer(message, address, 1_232), from.port, from.address));
  await new Promise<void>((resolve, reject) => socket.on('error', reject).bind(port, address, resolve));
  return () => new Promise((resolve) => socket.close(() => resolve()));
}

async function tcp(address: string, port: number, answer: Answer): Promise<() => Promise<void>> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    let read = Buffer.alloc(0);
    socket.on('error', () => {}).on('close', () => open.delete(socket));
    socket.on('data', (data) => {
      read = Buffer.concat([read, data]);
      for (
        ;
        read.length >= 2 && read.length >= 2 + read.readUInt16BE(0);
        read = read.subarray(2 + read.readUInt16BE(0))
      ) {
        const reply = answer(read.subarray(2, 2 + read.readUInt16BE(0)), address);
        const length = Buffer.alloc(2);
        length.writeUInt16BE(reply.length);
        socket.write(Buffer.concat([length, reply]));
      }
    });
  });
  await new Promise<void>((resolve, reject) => server.on('error', reject).listen(port, address, resolve));
  return () =>
    new Promise((resolve) => {
      for (const socket of open) socket.destroy();
      server.close(() => resolve());
    });
}
