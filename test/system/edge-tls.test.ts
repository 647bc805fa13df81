import { execFileSync } from 'node:child_process';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';

import { type Door, openDoor } from './edge';

jest.setTimeout(30_000);

let door: Door;
beforeAll(async () => {
  door = await openDoor({ shop: 'shop.example' });
});
afterAll(() => door.close());

/** A handshake, and one request. `undefined` where HAProxy refuses. */
const shake = (options: ConnectionOptions) =>
  new Promise<{ socket: TLSSocket; session: Buffer | undefined } | undefined>((resolve) => {
    const socket = connect({ host: door.instance.host, port: 10443, rejectUnauthorized: false, ...options });
    let session: Buffer | undefined;
    socket
      .on('session', (given) => (session = given))
      .on('error', () => resolve(undefined))
      .on('data', () => resolve({ socket, session }))
      .on('close', () => resolve(undefined))
      .write('GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n');
  });

it.each([
  ['TLSv1.1', false],
  ['TLSv1.2', true],
  ['TLSv1.3', true],
] as const)('%s: %s', async (version, taken) => {
  const ciphers = 'DEFAULT@SECLEVEL=0';
  const shaken = await shake({ minVersion: version, maxVersion: version, ciphers });
  shaken?.socket.destroy();

  expect(shaken !== undefined).toBe(taken);
});

describe('groups', () => {
  it.each([
    ['X25519', true],
    ['P-256', true],
    ['P-384', true],
    ['P-521', false],
    ['X448', false],
    ['ffdhe2048', false],
    ['ffdhe3072', false],
    ['ffdhe8192', false],
  ])('%s: %s', async (ecdhCurve, taken) => {
    const shaken = await shake({ ecdhCurve });
    shaken?.socket.destroy();

    expect(shaken !== undefined).toBe(taken);
  });

  it('of a client that offers dear ones first are passed over', () => {
    const words = `s_client -connect ${door.instance.host}:10443 -groups ffdhe8192:P-521:X25519`;
    const said = execFileSync('openssl', words.split(' '), { input: '', encoding: 'utf8', stdio: 'pipe' });

    expect(said).toContain('Server Temp Key: X25519');
  });

  it('TLS 1.2 agrees on no key by finite fields or by RSA alone', async () => {
    const old = { maxVersion: 'TLSv1.2' } as const;

    expect(await shake({ ...old, ciphers: 'DHE-RSA-AES128-GCM-SHA256:AES128-GCM-SHA256' })).toBeUndefined();
    expect(await shake({ ...old, ecdhCurve: 'P-521' })).toBeUndefined();
  });
});

it.each(['TLSv1.2', 'TLSv1.3'] as const)('%s resumes a session, by memory and not by a ticket', async (version) => {
  const versions = { minVersion: version, maxVersion: version };
  const first = await shake(versions);
  const ticket = first?.socket.getTLSTicket();
  const session = first?.session ?? first?.socket.getSession();
  first?.socket.destroy();
  const second = await shake({ ...versions, session });
  const isReused = second?.socket.isSessionReused();
  second?.socket.destroy();

  expect(isReused).toBe(true);
  // TLS 1.3 calls by that name what only points to the memory: 32 bytes (RFC 8446, 4.6.1).
  expect(ticket?.length ?? 0).toBe(version === 'TLSv1.2' ? 0 : 32);
});

it('refuses to negotiate anew in TLS 1.2', async () => {
  const shaken = await shake({ maxVersion: 'TLSv1.2' });
  const outcome = await new Promise((resolve) => {
    shaken?.socket.on('error', () => resolve('refused')).on('close', () => resolve('refused'));
    shaken?.socket.renegotiate({ rejectUnauthorized: false }, (error) => resolve(error ? 'refused' : 'taken'));
  });

  expect(outcome).toBe('refused');
});
