import { type Answer, completed, headOf, hostOf, type Order } from '../requests';
import { patienceMs, type Sending } from './sending';

type Status = { readonly code: number; readonly details: string };
type Call = {
  on: (event: string, listener: (value: never) => void) => Call;
  write: (message: Buffer) => void;
  end: () => void;
};
type Client = {
  call: (message: Buffer, metadata: unknown, options: object, reply: (error: unknown, value?: Buffer) => void) => Call;
  chat: (metadata: unknown, options: object) => Call;
};
/** The part of the package that is used here; a generic service needs no compiler for its messages. */
const grpc = require('@grpc/grpc-js') as {
  credentials: { createInsecure: () => unknown; createSsl: (...words: unknown[]) => unknown };
  makeGenericClientConstructor: (service: object, name: string) => new (...words: unknown[]) => Client;
  Metadata: new () => { set: (key: string, value: string) => void };
};

const asIs = (message: Buffer) => message;
const method = (name: string, stream: boolean) => ({
  path: `/soak.Echo/${name}`,
  ...{ requestStream: stream, responseStream: stream, originalName: name },
  ...{ requestSerialize: asIs, requestDeserialize: asIs, responseSerialize: asIs, responseDeserialize: asIs },
});
const Echo = grpc.makeGenericClientConstructor({ call: method('call', false), chat: method('chat', true) }, 'Echo');
const clients = new Map<boolean, Client>();

/** As the library is by itself, it sends only those calls again that were never processed. Without a limit it reports the status of HAProxy's pages. */
function client({ host, http, https }: Order, secure: boolean): Client {
  const named = { 'grpc.max_receive_message_length': -1, 'grpc.default_authority': hostOf('rpc') };
  const made =
    clients.get(secure) ??
    (secure
      ? new Echo(`${host}:${https}`, grpc.credentials.createSsl(null, null, null, { rejectUnauthorized: false }), {
          ...named,
          'grpc.ssl_target_name_override': hostOf('rpc'),
        })
      : new Echo(`${host}:${http}`, grpc.credentials.createInsecure(), named));
  clients.set(secure, made);
  return made;
}

/** A call, or a stream in both directions that lasts some seconds, by the library that users have. */
export function remind({ asked, order, size, sent }: Sending): Promise<Answer> {
  const { id, kind, secure, service } = asked;
  return new Promise((resolve) => {
    const metadata = new grpc.Metadata();
    metadata.set('x-soak', id);
    const options = { deadline: Date.now() + patienceMs };
    const heard: string[] = [];
    const words = kind === 'gRPC call' ? [id] : Array.from({ length: 4 + (size % 8) }, (_, index) => `${id} ${index}`);
    sent();
    const made =
      kind === 'gRPC call'
        ? client(order, secure).call(Buffer.from(id), metadata, options, (_, value) => heard.push(`${value}`))
        : client(order, secure).chat(metadata, options);
    let head: ReturnType<typeof headOf> = {};
    made.on('metadata', (found: { getMap: () => Record<string, unknown> }) => {
      const { status: _, ...ofTask } = headOf(0, found.getMap());
      head = ofTask.task === undefined ? {} : { ...ofTask, status: 200 };
    });
    let isOver = false;
    made.on('status', ({ code, details }: Status) => {
      isOver = true;
      const status = /HTTP status code (\d+)/.exec(details)?.[1];
      const isRight = heard.join() === words.join();
      if (code === 0) resolve(completed(service, head, isRight, ''));
      else resolve({ ...head, ...(status && { status: Number(status) }), error: `gRPC code ${code}: ${details}` });
    });
    if (kind === 'gRPC call') return;
    const write = () => isOver || made.write(Buffer.from(words[heard.length] ?? ''));
    made.on('error', () => undefined);
    made.on('data', (message: Buffer) => {
      heard.push(`${message}`);
      if (heard.length < words.length) setTimeout(write, 500);
      else made.end();
    });
    write();
  });
}
