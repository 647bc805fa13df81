import { execFileSync } from 'node:child_process';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';

import { door, doorForAll } from './edge';

doorForAll({ shop: 'shop.example' });

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

const inVersion = (version: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3') => ({ minVersion: version, maxVersion: version });
const group = (ecdhCurve: string): [string, ConnectionOptions] => [`the group ${ecdhCurve}`, { ecdhCurve }];

it.each<[string, ConnectionOptions]>([
  ['TLS 1.2', inVersion('TLSv1.2')],
  ['TLS 1.3', inVersion('TLSv1.3')],
  ...['X25519', 'P-256', 'P-384'].map(group),
])('accepts %s', async (_, options) => {
  const shaken = await shake(options);
  shaken?.socket.destroy();

  expect(shaken).toBeDefined();
});

it.each<[string, ConnectionOptions]>([
  ['TLS 1.1', { ...inVersion('TLSv1.1'), ciphers: 'DEFAULT@SECLEVEL=0' }],
  ...['P-521', 'X448', 'ffdhe2048', 'ffdhe3072', 'ffdhe8192'].map(group),
  ['keys by finite fields or RSA', { ...inVersion('TLSv1.2'), ciphers: 'DHE-RSA-AES128-GCM-SHA256:AES128-GCM-SHA256' }],
  ['P-521 in TLS 1.2', { ...inVersion('TLSv1.2'), ecdhCurve: 'P-521' }],
])('refuses %s', async (_, options) => {
  expect(await shake(options)).toBeUndefined();
});

it('skips the expensive groups that a client offers first', () => {
  const words = `s_client -connect ${door.instance.host}:10443 -groups ffdhe8192:P-521:X25519`;
  const output = execFileSync('openssl', words.split(' '), { input: '', encoding: 'utf8', stdio: 'pipe' });

  expect(output).toContain('Server Temp Key: X25519');
});

it.each([
  ['1.3', '-tls1_3 -ciphersuites TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256', 'TLS_AES_128_GCM_SHA256'],
  [
    '1.2',
    '-tls1_2 -cipher ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256',
    'ECDHE-ECDSA-AES128-GCM-SHA256',
  ],
])('encrypts with AES-128 in TLS %s, which costs less, though a client names AES-256 first', (_, offered, cipher) => {
  const words = `s_client -connect ${door.instance.host}:10443 ${offered}`;
  const output = execFileSync('openssl', words.split(' '), { input: '', encoding: 'utf8', stdio: 'pipe' });

  expect(output).toContain(`Cipher is ${cipher}`);
});

it.each(['TLSv1.2', 'TLSv1.3'] as const)('%s resumes a session, by memory and not by a ticket', async (version) => {
  const first = await shake(inVersion(version));
  const ticket = first?.socket.getTLSTicket();
  const session = first?.session ?? first?.socket.getSession();
  first?.socket.destroy();
  const second = await shake({ ...inVersion(version), session });
  const isReused = second?.socket.isSessionReused();
  second?.socket.destroy();

  expect(isReused).toBe(true);
  // TLS 1.3 calls by that name what only points to the memory: 32 bytes (RFC 8446, 4.6.1).
  expect(ticket?.length ?? 0).toBe(version === 'TLSv1.2' ? 0 : 32);
});

it('refuses renegotiation in TLS 1.2', async () => {
  const shaken = await shake({ maxVersion: 'TLSv1.2' });
  const outcome = await new Promise((resolve) => {
    shaken?.socket.on('error', () => resolve('refused')).on('close', () => resolve('refused'));
    shaken?.socket.renegotiate({ rejectUnauthorized: false }, (error) => resolve(error ? 'refused' : 'taken'));
  });

  expect(outcome).toBe('refused');
});

describe('with minTls 1.3', () => {
  doorForAll({ shop: 'shop.example' }, { settings: { minTls: '1.3' } });

  it('TLS 1.3 is accepted and resumed, and TLS 1.2 is refused', async () => {
    const first = await shake({});
    const second = await shake({ session: first?.session });
    const shaken = [first, second].map((each) => [each?.socket.getProtocol(), each?.socket.isSessionReused()]);
    for (const each of [first, second]) each?.socket.destroy();

    expect(shaken).toStrictEqual([
      ['TLSv1.3', false],
      ['TLSv1.3', true],
    ]);
    expect(await shake(inVersion('TLSv1.2'))).toBeUndefined();
  });
});
