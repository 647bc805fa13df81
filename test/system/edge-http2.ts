import { connect as connectHttp2, type OutgoingHttpHeaders } from 'node:http2';

export type Asking = { readonly trailers?: OutgoingHttpHeaders; readonly afterwards?: string; readonly body?: string };
type Answer2 = { readonly status: number | string; readonly body: string; readonly trailers?: unknown };

export function http2Client(origin: string) {
  const session = connectHttp2(origin, { rejectUnauthorized: false });
  session.on('error', () => undefined);
  const settled = new Promise((resolve) => session.once('remoteSettings', resolve));
  /** Returns the status, or the name of the error that ended the stream. `afterwards` is sent once it is answered. */
  const ask = async (headers: OutgoingHttpHeaders, { trailers, afterwards, body: sent }: Asking = {}) => {
    await settled;
    return new Promise<Answer2>((resolve) => {
      const endStream = trailers === undefined && afterwards === undefined && sent === undefined;
      const stream = session.request(headers, { endStream, waitForTrailers: trailers !== undefined });
      let status: number | string = 'none';
      let body = '';
      let ended = {};
      const end = () => resolve({ status, body, ...ended });
      stream.setTimeout(afterwards === undefined ? 5_000 : 500, end);
      stream
        .on('response', (answered) => {
          status = answered[':status'] ?? 'none';
          if (afterwards !== undefined) stream.write(afterwards);
        })
        .on('data', (data) => (body += data))
        .on('error', (error: NodeJS.ErrnoException) => resolve({ status: error.message, body }))
        .on('trailers', ({ 'grpc-status': grpc }) => (ended = { trailers: { 'grpc-status': grpc } }))
        .on('wantTrailers', () => stream.sendTrailers(trailers ?? {}))
        .on('close', end);
      if (!endStream && afterwards === undefined) stream.end(sent ?? 'body');
    });
  };
  return { session, ask, close: () => session.destroy() };
}
