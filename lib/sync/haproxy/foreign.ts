import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { isFile } from '../disk/installed';
import type { WantedServer } from './change';
import { type Foreign, foreignServers, type Heard, remembered, spoken, type Unheard, unheard } from './speech';

/** All at once, and not one at a time: a sync has ninety seconds. */
const patienceMilliseconds = 300;
/** Whoever is left has his turn at the next tick. */
const mostAtOnce = 100;
/** A ClientHello that says nothing: TLS answers it with an alert. */
const nonsense = Buffer.from('160301000401000000', 'hex');

/** Listens to the servers that are new, and names those with which HAProxy cannot speak. Without its memory it listens again. */
export async function listenToNew(
  home: string,
  stat: string,
  wanted: readonly WantedServer[],
): Promise<Foreign | undefined> {
  const file = join(home, 'heard.json');
  const before = read(file);
  const found = await Promise.all(unheard(stat, wanted, before).slice(0, mostAtOnce).map(listen));
  const heard = remembered(stat, wanted, { ...before, ...Object.assign({}, ...found) });
  if (JSON.stringify(heard) !== JSON.stringify(before)) write(file, heard);
  return foreignServers(stat, wanted, heard);
}

/** Nothing where nobody listens, or hangs up before a word: Docker's proxy takes connections for a container that is not ready. */
function listen({ key, address, port, asked }: Unheard): Promise<Heard> {
  return new Promise((resolve) => {
    let bytes = Buffer.alloc(0);
    let connected = false;
    const socket = connect({ host: address, port });
    const end = (isOver: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(isOver ? { [key]: spoken(bytes, asked) } : {});
    };
    const timer = setTimeout(() => end(connected), patienceMilliseconds);
    socket
      .on('connect', () => {
        connected = true;
        if (asked) socket.write(nonsense);
      })
      .on('data', (more) => {
        bytes = Buffer.concat([bytes, more]);
        if (bytes.length >= 9) end(true);
      })
      .on('close', () => end(asked || bytes.length > 0))
      .on('error', () => undefined);
  });
}

function read(file: string): Heard {
  try {
    const heard = JSON.parse(isFile(file) ? readFileSync(file, 'utf8') : '{}') as Heard;
    return Object.values(heard).every((each) => typeof each === 'string') ? heard : {};
  } catch {
    return {};
  }
}

/** A disk that takes nothing more costs another look. */
function write(file: string, heard: Heard): void {
  try {
    if (!isFile(file)) rmSync(file, { recursive: true, force: true });
    writeFileSync(file, `${JSON.stringify(heard)}\n`, { mode: 0o600 });
  } catch {}
}
