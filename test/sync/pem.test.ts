import { execFileSync } from 'node:child_process';

import fc from 'fast-check';

import { pemFile, setCertificate } from '../../lib/sync/pem';

const words =
  'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=example.com -keyout - -out -';
const made = (): string =>
  execFileSync('openssl', words.split(' '), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
const [good, other] = [made(), made()];
const from = (pem: string, label: string): string => pem.slice(pem.indexOf(`-----BEGIN ${label}`));

describe('a PEM file', () => {
  it('is what was stored, where that is clean', () => {
    expect(pemFile('example.com', good, from(other, 'CERTIFICATE'))).toBe(good + from(other, 'CERTIFICATE'));
  });

  it('has no blank line and no carriage return, however it was stored', () => {
    const breaks = fc.array(fc.constantFrom('\n', '\r\n', '\n\n', '\n \n', '\r\n\r\n', '\r', '\n\t\n'), {
      minLength: 1,
      maxLength: 12,
    });
    fc.assert(
      fc.property(breaks, (ends) => {
        const lines = good.trimEnd().split('\n');
        const stored = lines.map((line, index) => line + ends[index % ends.length]).join('');

        expect(pemFile('example.com', stored, '')).toBe(good);
      }),
    );
  });

  it('ends its command with exactly one blank line when the socket adds its newline', () => {
    const sent = `${setCertificate('/live/example.com.pem', good)}\n`;

    expect(sent.indexOf('\n\n')).toBe(sent.length - 2);
  });

  it.each([
    ['no key', from(good, 'CERTIFICATE')],
    ['no certificate', good.slice(0, good.indexOf('-----BEGIN CERTIFICATE'))],
    ['another certificate’s key', good.slice(0, good.indexOf('-----BEGIN CERTIFICATE')) + from(other, 'CERTIFICATE')],
    ['damaged lines', good.replace(/[A-Z]/g, 'x')],
    ['nothing', ''],
  ])('is refused with %s, without a word of it', (_, stored) => {
    expect(() => pemFile('example.com', stored, '')).toThrow(
      /^the stored certificate example.com is no private key with its certificate; store it again$/,
    );
  });

  it('is refused when HAProxy could not take it', () => {
    expect(() => pemFile('example.com', good, from(other, 'CERTIFICATE').repeat(30))).toThrow(
      /bytes, more than the 15000/,
    );
  });
});
