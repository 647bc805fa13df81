import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';

import { noteRenewalInfo, renewalId } from '../../lib/certificates/ari';

const now = Date.parse('2026-10-01T12:00:00Z');
const hour = 3_600_000;

/** A certificate that names its authority by this key identifier; a self-signed one repeats its own. */
function made(serial: string, keyId: string): X509Certificate {
  const words = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=a -set_serial ${serial} -addext subjectKeyIdentifier=${keyId} -addext authorityKeyIdentifier=keyid:always -keyout /dev/null -out -`;
  return new X509Certificate(execFileSync('openssl', words.split(' '), { stdio: 'pipe' }));
}

describe('a certificate’s name at the CA', () => {
  const keyId = '69885B6B87464041E1B37B847BA0AE2CDE01C8D4';

  it('is that of the example in RFC 9773, section 4.1', () => {
    expect(renewalId(made('0x87654321', keyId))).toBe('aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE');
  });

  it.each([
    ['0x7F01', '7f01'],
    ['0x8001', '008001'],
    ['0x01', '01'],
  ])('has the bytes of the serial as they are in the certificate: %s', (serial, bytes) => {
    const [, second = ''] = renewalId(made(serial, keyId))?.split('.') ?? [];

    expect(Buffer.from(second, 'base64url').toString('hex')).toBe(bytes);
  });
});

describe('the moment in a window', () => {
  const info = { start: now, end: now + 48 * hour, retryAfterSeconds: 3_600 };

  it('is picked once, and stays at every further answer', () => {
    const first = noteRenewalInfo(undefined, 'AB', info, now, 0.5);
    const second = noteRenewalInfo(first, 'AB', info, now + 2 * hour, 0.1);

    expect(first).toStrictEqual({
      serial: 'AB',
      start: now,
      end: now + 48 * hour,
      at: now + 24 * hour,
      askAgainAt: now + hour,
    });
    expect(second).toStrictEqual({ ...first, askAgainAt: now + 3 * hour });
  });

  it('is picked anew for another window, or another certificate', () => {
    const first = noteRenewalInfo(undefined, 'AB', info, now, 0.5);

    expect(noteRenewalInfo(first, 'AB', { ...info, start: now - hour }, now, 0).at).toBe(now - hour);
    expect(noteRenewalInfo(first, 'CD', info, now, 0).at).toBe(now);
  });

  it.each([
    [undefined, 6],
    [0, 1 / 60],
    [7_200, 2],
    [10_000_000, 24],
  ])('Retry-After %s is kept within reason: %f hours', (retryAfterSeconds, hours) => {
    expect(noteRenewalInfo(undefined, 'AB', { ...info, retryAfterSeconds }, now, 0).askAgainAt).toBe(
      now + hours * hour,
    );
  });
});
