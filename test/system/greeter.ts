import { promisify } from 'node:util';

type Call = { readonly request: Buffer; write: (message: Buffer) => void; end: () => void; metadata: Metadata };
export type Metadata = { get: (key: string) => readonly unknown[] };
type Reply = (error: object | null, value?: Buffer, trailer?: unknown) => void;
export type Stream = {
  on: (event: string, listener: (value: never) => void) => Stream;
  write: (message: Buffer) => void;
  end: () => void;
};
export type Client = {
  greet: (message: Buffer, reply: (error: unknown, value?: Buffer) => void) => Stream;
  chat: () => Stream;
  close: () => void;
};
/** The part of the package that is used here; a generic service needs no compiler for its messages. */
export const grpc = require('@grpc/grpc-js') as {
  Server: new () => {
    addService: (service: object, handlers: object) => void;
    bindAsync: (at: string, credentials: unknown, done: (error: Error | null, port: number) => void) => void;
    forceShutdown: () => void;
  };
  ServerCredentials: { createInsecure: () => unknown };
  credentials: { createInsecure: () => unknown; createSsl: (...words: unknown[]) => unknown };
  makeGenericClientConstructor: (service: object, name: string) => new (at: string, credentials: unknown) => Client;
  Metadata: new () => { set: (key: string, value: string) => void };
  status: Record<string, number>;
};

const asIs = (message: Buffer) => message;
const method = (name: string, stream: boolean) => ({
  path: `/demo.Greeter/${name}`,
  ...{ requestStream: stream, responseStream: stream, originalName: name },
  ...{ requestSerialize: asIs, requestDeserialize: asIs, responseSerialize: asIs, responseDeserialize: asIs },
});
const service = { greet: method('greet', false), chat: method('chat', true) };

/** A real gRPC server: one call, and one stream that answers each message with it and `!`. */
export async function startGreeter() {
  const server = new grpc.Server();
  server.addService(service, {
    greet: ({ request }: Call, reply: Reply) => {
      const trailer = new grpc.Metadata();
      trailer.set('x-spent', '3');
      if (`${request}` === 'nobody') reply({ code: grpc.status.NOT_FOUND, details: 'no such name' });
      else reply(null, Buffer.from(`hello ${request}`), trailer);
    },
    chat: (call: Stream) => {
      call.on('data', (message: Buffer) => call.write(Buffer.from(`${message}!`)));
      call.on('end', () => call.end());
    },
  });
  const port = await promisify(server.bindAsync.bind(server))('127.0.0.1:0', grpc.ServerCredentials.createInsecure());
  return { stop: () => server.forceShutdown(), server: { name: 'greeter', address: '127.0.0.1', port } };
}

/** One client in clear text, and one over TLS. */
export function greeterClients(host: string): readonly [Client, Client] {
  const Greeter = grpc.makeGenericClientConstructor(service, 'Greeter');
  return [
    new Greeter(`${host}:10080`, grpc.credentials.createInsecure()),
    new Greeter(`${host}:10443`, grpc.credentials.createSsl(null, null, null, { rejectUnauthorized: false })),
  ];
}
