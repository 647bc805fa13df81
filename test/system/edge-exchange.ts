import type { Socket } from 'node:net';

export type Listening = { readonly afterwards?: string; readonly silentMs?: number };

/**
 * @param afterwards what is sent once an answer has begun, as a client would that believes in a tunnel
 * @param silentMs for how long an answer may pause
 */
export function exchange(
  socket: Socket,
  text: string,
  { afterwards, silentMs = afterwards === undefined ? 100 : 500 }: Listening = {},
): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    let more = afterwards;
    const end = () => {
      socket.destroy();
      resolve(answer);
    };
    // An answer may be late on a busy machine; what follows it is not.
    socket.setTimeout(3_000, end);
    socket
      .on('data', (data) => {
        answer += data.toString('latin1');
        socket.setTimeout(silentMs);
        if (more !== undefined) socket.write(more);
        more = undefined;
      })
      .on('end', end)
      .on('error', end)
      .write(text);
  });
}
