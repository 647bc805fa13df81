import { existsSync, lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';

import type { Address } from '../../entrance/handshake';
import { boundAddresses } from '../addresses';
import type { Settings } from '../settings';
import type { Installed } from './installed';

type Place = Pick<Settings, 'home' | 'link' | 'masterSocket' | 'environment'>;

/** Whether HAProxy was started on this disk before. A claim is from before that was noted. */
export const wasStarted = ({ home }: Pick<Settings, 'home'>): boolean =>
  ['started', 'claimed'].some((name) => existsSync(join(home, name)));

/** `bootstrap.sh` notes it too, before it starts HAProxy. A full disk must not stop a sync that needs none: the next one notes it. */
export function noteStarted({ home }: Pick<Settings, 'home'>): void {
  if (existsSync(join(home, 'started'))) return;
  try {
    writeFileSync(join(home, 'started'), '');
  } catch {}
}

/**
 * What is wrong when nobody listens at the master's socket. Nothing at the first boot: HAProxy is started after the first pull.
 *
 * @throws when HAProxy serves all the same: then nothing may be taken for applied.
 */
export async function whyNotRunning(place: Place, installed: Installed): Promise<string | undefined> {
  const { masterSocket, environment } = place;
  const bound = boundAddresses(installed.files, environment);
  const listening = await Promise.all(bound.map(listens));
  if (listening.includes(true)) {
    const where = bound.filter((_, index) => listening[index]).map(({ host, port }) => `${host}:${port}`);
    throw new Error(
      `a program answers at HAProxy's ${where.join(', ')}, but nobody listens at its master's socket ${masterSocket}: nothing was changed, and ` +
        'tasks that left are still asked. "sudo systemctl reload haproxy" makes the socket anew and loses no request; if that ' +
        'does not help, "sudo systemctl restart haproxy" cuts connections',
    );
  }
  if (!wasStarted(place) && lstatSync(masterSocket, { throwIfNoEntry: false }) === undefined) return undefined;
  return (
    `HAProxy is not running; "sudo systemctl start haproxy" starts it with what is installed in ${place.link}, ` +
    'and "sudo journalctl -u haproxy" says why it ended'
  );
}

/**
 * Whether a HAProxy that shows no structure of ours was started with our folder: somebody edited it by hand. If not, it is another
 * one's master that listens at the socket. Without Linux's `/proc` it is taken for ours.
 */
export function isStartedWith(link: string, master: number): boolean {
  const file = `/proc/${master}/cmdline`;
  return !existsSync(file) || readFileSync(file, 'utf8').split('\0').includes(`${link}/haproxy`);
}

const listens = ({ host, port }: Address): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: host === '0.0.0.0' ? '127.0.0.1' : host, port, timeout: 1_000 });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket
      .on('connect', () => end(true))
      .on('timeout', () => end(false))
      .on('error', () => end(false));
  });
