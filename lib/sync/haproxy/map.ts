import { mapLines } from '../../haproxy/map';
import type { File } from '../../haproxy/render';
import { mapName } from '../../haproxy/sections';
import type { Worker } from './worker';

/** A longer command does not fit HAProxy's buffer (`tune.bufsize`). */
const longestPayload = 12_000;

/**
 * Makes HAProxy's copy of the map what the file says, in one step, and reads it back. HAProxy names it by the path in its configuration.
 * Returns whether it differed. @throws when HAProxy holds something else in the end
 */
export async function settleMap({ tell }: Worker, link: string, files: readonly File[]): Promise<boolean> {
  const text = files.find(({ name }) => name === mapName)?.text;
  // 0.1.0 publishes none.
  if (text === undefined) return false;
  const wanted = mapLines(text);
  const path = `${link}/haproxy/${mapName}`;
  const shown = async (version = '') => shownLines(await tell(`show map ${version}${path}`));
  if (isSame(await shown(), wanted)) return false;

  const version = /^New version created: (\d+)$/m.exec(await tell(`prepare map ${path}`))?.[1];
  if (version === undefined) throw new Error(`HAProxy did not prepare another version of ${path}; ${advice}`);
  // HAProxy accepts an addition to a version that does not exist, so only what it shows counts.
  for (const payload of payloads(wanted)) await tell(`add map @${version} ${path} <<\n${payload}\n`);
  if (isSame(await shown(`@${version} `), wanted)) await tell(`commit map @${version} ${path}`);
  if (!isSame(await shown(), wanted)) throw new Error(`HAProxy does not hold the wanted routes in ${path}; ${advice}`);
  return true;
}

const advice = 'the former routes stay in use, the next tick tries again';

/** `show map` begins each line with an address. */
const shownLines = (reply: string): readonly string[] =>
  Array.from(reply.matchAll(/^0x[0-9a-f]+ ([^.].*?) *$/gm), ([, line = '']) => line).sort();

const isSame = (a: readonly string[], b: readonly string[]): boolean => a.join('\n') === b.join('\n');

function payloads(lines: readonly string[]): readonly string[] {
  const pieces: string[] = [];
  for (const line of lines) {
    const last = pieces.at(-1);
    if (last !== undefined && last.length + line.length < longestPayload)
      pieces[pieces.length - 1] = `${last}\n${line}`;
    else pieces.push(line);
  }
  return pieces;
}
