import { type ClientHttp2Session, connect } from 'node:http2';

import { type Answer, completed, headOf, hostOf } from '../requests';
import { patienceMs, type Sending } from './sending';

const sessions = new Map<string, ClientHttp2Session>();

/** A few connections that many requests share, until HAProxy says that it takes no more on them (GOAWAY). */
function session({ asked: { secure }, order, from = '' }: Sending): ClientHttp2Session {
  const key = `${secure} ${from}`;
  const known = sessions.get(key);
  if (known && !known.closed && !known.destroyed) return known;
  const url = secure ? `https://${order.host}:${order.https}` : `http://${order.host}:${order.http}`;
  const localAddress = from === '' ? undefined : from;
  const options = { localAddress, rejectUnauthorized: false, servername: hostOf('web') };
  const made = connect(url, options as Parameters<typeof connect>[1]);
  made.on('error', () => undefined);
  // As with HTTP/1.1: HAProxy closes what idles for 5 s.
  made.setTimeout(4_000, () => made.close());
  sessions.set(key, made);
  return made;
}

/** An error of a request that the visitor's own library kept back: the connection's end had been announced (GOAWAY) a moment before. */
const neverSent = 'never sent';
/** HEADERS (RFC 9113, 6.2). */
const headersFrame = 1;

/** A GET or POST as a stream of a shared connection. What never left goes by a new connection, as in every browser. */
export async function askHttp2(sending: Sending): Promise<Answer> {
  const first = await askOnce(sending);
  return first.error === neverSent ? askOnce(sending) : first;
}

function askOnce(sending: Sending): Promise<Answer> {
  const { asked, sent } = sending;
  const isPost = asked.kind === 'POST, HTTP/2';
  const body = isPost ? `an order by ${asked.id}` : undefined;
  return new Promise((resolve) => {
    let [head, text]: [ReturnType<typeof headOf>, string] = [{}, ''];
    const headers = { ':method': isPost ? 'POST' : 'GET', ':path': '/', ':authority': hostOf(asked.service) };
    const shared = session(sending);
    const stream = shared.request({ ...headers, 'x-soak': asked.id }, { endStream: !isPost });
    sent();
    let [error, hasEnded]: [string | undefined, boolean] = [undefined, false];
    stream.setEncoding('latin1').setTimeout(patienceMs, () => {
      error = 'no answer in 30 s';
      stream.close();
    });
    stream.on('frameError', (type) => {
      if (type === headersFrame) error = neverSent;
    });
    stream.on('response', (found) => {
      head = headOf(found[':status'] ?? 0, found);
    });
    stream.on('data', (chunk: string) => {
      text += chunk;
    });
    stream.on('error', ({ message }: Error) => {
      error ??= message;
    });
    stream.on('end', () => {
      hasEnded = true;
    });
    stream.on('close', () => {
      const isWhole = hasEnded && head.status !== undefined && stream.rstCode === 0;
      if (error === undefined && isWhole) resolve(completed(asked.service, head, text === (body ?? 'hello'), text));
      else resolve({ ...head, error: error ?? `the stream was reset by code ${stream.rstCode}` });
    });
    if (body !== undefined) stream.end(body);
  });
}
