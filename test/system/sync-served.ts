import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';

import type { Certificate } from '../../lib/generation/generation';
import { a, apply, failing, host, instance, serving, standForAll } from './sync-stand';

/** All tests of a file share one proxy; each begins with one task and without a certificate. */
export function standWithoutCertificates(): void {
  standForAll(() => serving(a));
  beforeEach(() => apply([a]));
}

export const publish = (...certificates: Certificate[]) => apply([a], certificates);

/** The serial that a name is served with; without a name, as a client without SNI. */
export const served = (servername: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host, port: 10443, servername, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerX509Certificate()?.serialNumber ?? 'none');
      socket.destroy();
    }).on('error', reject);
  });

export const serial = (pem: string): string => new X509Certificate(pem).serialNumber;

export const fileOf = (name: string): string => join(instance.path.live, 'certificates', `${name}.pem`);

export const standIn = (): string => serial(readFileSync(fileOf('00-stand-in'), 'utf8'));

export async function restart(): Promise<void> {
  await instance.stopHaproxy();
  await instance.startHaproxy();
}

/** A fault of single certificates, which holds nothing else up. */
export const butFor = (why: string) =>
  failing(new RegExp(`^everything else of generation \\d+ is applied, but ${why}`), 2);
export const escaped = (text: string) => text.replace(/[.*+?()[\]]/g, '\\$&');
