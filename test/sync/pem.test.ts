import { pemFile } from '../../lib/sync/pem';
import { authority } from '../system/authority';
import { selfSigned } from '../system/self-signed';

const [good, other] = [selfSigned('example.com'), selfSigned('example.com')];
const from = (pem: string, label: string): string => pem.slice(pem.indexOf(`-----BEGIN ${label}`));

describe('a PEM file', () => {
  it('is what was stored, where that is clean', () => {
    const { key, chain } = authority('ca', 2).issue(['example.com']);
    expect(pemFile('example.com', key, chain)).toBe(key + chain);
  });

  it.each(['\r', '\n \n', '\r\n\t\r\n'])(
    'has no blank line and no carriage return, though its lines ended with %j',
    (end) => {
      expect(pemFile('example.com', good.replaceAll('\n', end), '')).toBe(good);
    },
  );

  it.each([
    ['no key', from(good, 'CERTIFICATE')],
    ['no certificate', good.slice(0, good.indexOf('-----BEGIN CERTIFICATE'))],
    ['another certificate’s key', good.slice(0, good.indexOf('-----BEGIN CERTIFICATE')) + from(other, 'CERTIFICATE')],
    ['damaged lines', good.replace(/[A-Z]/g, 'x')],
    ['nothing', ''],
  ])('is refused with %s, without a word of it', (_, stored) => {
    expect(() => pemFile('example.com', stored, '')).toThrow(
      /^the stored certificate example.com is not a private key with its certificate; to have another one ordered, delete the stage's parameter acme\/state\/example.com and invoke renew$/,
    );
  });

  it('is refused when HAProxy could not take it', () => {
    const many = Array.from({ length: 400 }, (_, index) => `a-rather-long-label-${index}.example.com`);
    const { key, chain } = authority('ca').issue(many);
    expect(() => pemFile('example.com', key, chain)).toThrow(/bytes, more than the 15000/);
  });
});
