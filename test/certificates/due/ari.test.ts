import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';

import { suggestedWindow } from '../../../lib/certificates/acme/ca';
import { renewalId } from '../../../lib/certificates/certificate';
import { noteRenewalInfo } from '../../../lib/certificates/due/due';

const now = Date.parse('2026-10-01T12:00:00Z');
const hour = 3_600_000;
const keyId = '69885B6B87464041E1B37B847BA0AE2CDE01C8D4';

/** The first is the example in RFC 9773, section 4.1; the bytes of a serial are those in the certificate. */
it.each([
  ['0x87654321', 'aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE'],
  ['0x7F01', 'aYhba4dGQEHhs3uEe6CuLN4ByNQ.fwE'],
  ['0x8001', 'aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIAB'],
  ['0x01', 'aYhba4dGQEHhs3uEe6CuLN4ByNQ.AQ'],
])('a certificate with serial %s is named to the CA as %s', (serial, id) => {
  // A self-signed certificate repeats its own key identifier as that of its authority.
  const words = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=a -set_serial ${serial} -addext subjectKeyIdentifier=${keyId} -addext authorityKeyIdentifier=keyid:always -keyout /dev/null -out -`;
  const made = new X509Certificate(execFileSync('openssl', words.split(' '), { stdio: 'pipe' }));
  expect(renewalId(made)).toBe(id);
});

describe('a window', () => {
  const [start, end] = ['2026-10-01T12:00:00Z', '2026-10-03T12:00:00Z'];

  it.each<[string, unknown]>([
    ['with a page that explains it', { suggestedWindow: { start, end }, explanationURL: 'https://ca.example/why' }],
    ['with parts of a second', { suggestedWindow: { start: '2026-10-01T12:00:00.000000000Z', end } }],
    ['in another time zone', { suggestedWindow: { start: '2026-10-01T14:00:00+02:00', end } }],
    ['in small letters', { suggestedWindow: { start: '2026-10-01t12:00:00z', end } }],
  ])('is taken %s', (_, answer) => {
    expect(suggestedWindow(answer)).toStrictEqual({ start: now, end: now + 48 * hour });
  });

  it('that begins with the first second of 1970 is over', () => {
    expect(suggestedWindow({ suggestedWindow: { start: '1970-01-01T00:00:00Z', end } })?.start).toBe(0);
  });

  it.each<[string, unknown]>([
    ['has no length', { start, end: start }],
    ['has no length, in two time zones', { start, end: '2026-10-01T14:00:00+02:00' }],
    ['ends before it starts', { start: end, end: start }],
    ['has no end', { start }],
    ['is no object', 'soon'],
    ['is null', null],
    ['has years for times', { start: '1', end: '2' }],
    ['has days for times', { start: '2026-10-01', end: '2026-10-03' }],
    ['has no time zone', { start: '2026-10-01T12:00:00', end: '2026-10-03T12:00:00' }],
    ['has numbers for times', { start: now, end: now + hour }],
    ['has a month too many', { start, end: '2026-13-01T12:00:00Z' }],
  ])('counts as no answer where it %s (RFC 9773, section 4.2)', (_, window) => {
    expect(suggestedWindow({ suggestedWindow: window })).toBeUndefined();
    expect(suggestedWindow(window)).toBeUndefined();
  });
});

describe('the moment in a window', () => {
  const info = { start: now, end: now + 48 * hour, retryAfterSeconds: 3_600 };
  const first = noteRenewalInfo(undefined, 'AB', info, now, 0.5);

  it('is picked once for a window and a certificate', () => {
    const { start, end } = info;
    expect(first).toStrictEqual({ serial: 'AB', start, end, at: now + 24 * hour, askAgainAt: now + hour });
    const again = { ...first, askAgainAt: now + 3 * hour };
    expect(noteRenewalInfo(first, 'AB', info, now + 2 * hour, 0.1)).toStrictEqual(again);
    expect(noteRenewalInfo(first, 'AB', { ...info, start: now - hour }, now, 0).at).toBe(now - hour);
    expect(noteRenewalInfo(first, 'CD', info, now, 0).at).toBe(now);
  });

  it.each([
    [undefined, 6],
    [0, 1 / 60],
    [7_200, 2],
    [10_000_000, 24],
  ])('Retry-After %s is kept within reason: %f hours', (retryAfterSeconds, hours) => {
    const { askAgainAt } = noteRenewalInfo(undefined, 'AB', { ...info, retryAfterSeconds }, now, 0);
    expect(askAgainAt).toBe(now + hours * hour);
  });
});
