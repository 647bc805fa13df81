import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

import { type Answer, completed, headOf, hostOf } from '../requests';
import { patienceMs, type Sending } from './sending';

/** Several requests in one write; each has an outcome of its own. */
export function pipeline(sendings: readonly Sending[]): readonly Promise<Answer>[] {
  const waiting: ((found: Answer) => void)[] = [];
  const answers = sendings.map(() => new Promise<Answer>((resolve) => waiting.push(resolve)));
  const [
    {
      order,
      asked: { secure },
      from,
    } = {} as Sending,
  ] = sendings;
  const to = { host: order.host, port: secure ? order.https : order.http, localAddress: from };
  let [text, mayGoOn] = ['', true];
  const end = (error: string) => {
    for (const next of waiting.splice(0)) next({ error, ...(!mayGoOn && { wasAnnounced: true }) });
  };
  const socket: Socket = secure
    ? connectTls({ ...to, servername: hostOf('web'), rejectUnauthorized: false })
    : connect(to as never);
  socket.setTimeout(patienceMs, () => socket.destroy(new Error('no answer in 30 s')));
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
    for (let found = nextAnswer(text); found !== undefined; found = nextAnswer(text)) {
      const { head, body, isLast } = found;
      text = text.slice(found.length);
      const { service = '' } = sendings[sendings.length - waiting.length]?.asked ?? {};
      waiting.shift()?.(completed(service, head, body === 'hello', body));
      if (isLast) mayGoOn = false;
      if (waiting.length === 0) socket.destroy();
    }
  });
  socket.on('error', (error) => end(error.message)).on('close', () => end('the connection ended'));
  socket.once(secure ? 'secureConnect' : 'connect', () => {
    for (const { sent } of sendings) sent();
    const lines = ({ asked: { service, id } }: Sending) =>
      `GET / HTTP/1.1\r\nHost: ${hostOf(service)}\r\nX-Soak: ${id}\r\n\r\n`;
    socket.write(sendings.map(lines).join(''));
  });
  return answers;
}

/** A whole answer at the beginning of the text; all that are asked for in a row have a Content-Length. */
function nextAnswer(text: string) {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const [first = '', ...lines] = text.slice(0, headEnd).split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const length = headEnd + 4 + Number(headers['content-length'] ?? 0);
  if (text.length < length) return undefined;
  const status = Number(first.split(' ')[1]);
  return {
    head: headOf(status, headers),
    body: text.slice(headEnd + 4, length),
    isLast: headers.connection === 'close',
    length,
  };
}
