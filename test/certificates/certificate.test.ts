import { X509Certificate } from 'node:crypto';

import { certificateName, chainOf, challengeName, covers, provingHost } from '../../lib/certificates/certificate';
import { authority } from '../system/authority';

it('a certificate is stored under its first name, in letters that Parameter Store takes; a wildcard is proven where its domain is', () => {
  expect(certificateName(['shop.example.com', 'example.com'])).toBe('shop.example.com');
  expect(certificateName(['*.example.com'])).toBe('wildcard.example.com');
  expect(challengeName('*.example.com')).toBe('_acme-challenge.example.com');
  expect(challengeName('a.example.com')).toBe('_acme-challenge.a.example.com');
});

it.each([
  ['example.com', 'example.com', true],
  ['*.example.com', 'a.example.com', true],
  ['*.example.com', 'a.b.example.com', false],
  ['*.example.com', 'example.com', false],
  ['*.example.com', 'aexample.com', false],
])('%s for %s: %s', (name, host, answers) => {
  expect(covers(name, host)).toBe(answers);
});

it('a certificate is asked for by a host that no other one answers for', () => {
  expect(provingHost(['example.com', '*.example.com'], [])).toBe('example.com');
  expect(provingHost(['example.com', '*.example.com'], [['example.com']])).toBe('sluice-asks.example.com');
  expect(provingHost(['a.example.com'], [['*.example.com']])).toBeUndefined();
});

const [ours, other] = [authority('ours', 2), authority('other', 2)];
const { key: leaf } = ours.issue(['example.com']);
const [low = '', high = ''] = ours.intermediates;
const [foreign = ''] = other.intermediates;
const clean = (pem: string): string => pem.replace(/\n$/, '');
const damaged = low.replace(/^[A-Za-z0-9+/]{64}$/m, (line) => line.toLowerCase());
const after = Date.parse(new X509Certificate(low).validTo) + 1_000;

it.each([
  ['as it should be', low + high],
  ['in the wrong order', high + low],
  ['with the root', low + high + ours.root],
  ['with the root first', ours.root + high + low],
  ['with the leaf', leaf.slice(leaf.indexOf('-----BEGIN CERTIFICATE')) + low + high],
  ['with each twice', low + low + high + high],
  ['with those of another authority', foreign + low + other.root + high],
  ['with words between', `subject=ours\n${low}\nissuer=ours\n${high}`],
  ['with a key', `${authority('third').issue(['a']).key.split('-----BEGIN CERT')[0]}${low}${high}`],
])('a chain %s is put in order', (_, chain) => {
  expect(chainOf(leaf, chain, Date.now())).toBe(clean(low + high));
});

it('one that ends below the root may lack what clients know', () => {
  expect(chainOf(leaf, low, 0)).toBe(clean(low));
});

it.each([
  ['empty', '', /^has no certificate of CN=ours-2, which issued it$/],
  ['blank', ' \n', /^has no certificate of CN=ours-2/],
  ['junk', 'no chain', /^holds no certificate$/],
  ['a key', '-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----', /^holds no certificate$/],
  ['of another authority', foreign, /^has no certificate of CN=ours-2/],
  ['the leaf alone', leaf.slice(leaf.indexOf('-----BEGIN CERTIFICATE')), /^has no certificate of CN=ours-2/],
  ['the root alone', ours.root, /^has no certificate of CN=ours-2/],
  ['without the first', high, /^has no certificate of CN=ours-2/],
  ['cut off', low.slice(0, 200), /^(holds no certificate|holds a certificate that is cut off)$/],
  ['cut off at its end', low + high.slice(0, 200), /^holds a certificate that is cut off$/],
  ['damaged', damaged, /^(holds a certificate that is damaged|has no certificate of CN=ours-2.*)$/],
])('a chain that is %s fits no leaf', (_, chain, why) => {
  expect(() => chainOf(leaf, chain, 0)).toThrow(why);
});

it('an issuer of the same name with another key, and one that has ended, is none', () => {
  const [twin = ''] = authority('ours', 2).intermediates;
  expect(() => chainOf(leaf, twin, 0)).toThrow('has no certificate of CN=ours-2');
  expect(chainOf(leaf, twin + low, 0)).toBe(clean(low));
  expect(() => chainOf(leaf, low + high, after)).toThrow('holds a certificate of CN=ours-2 that has ended');
});

it('a leaf that its root issued shows the root, for nothing else leads there', () => {
  const direct = authority('direct', 0);
  expect(chainOf(direct.issue(['a.com']).key, direct.root, 0)).toBe(clean(direct.root));
});

it('a leaf that signed itself needs no other, and has none', () => {
  const self = ours.root;
  expect([chainOf(self, '', 0), chainOf(self, self, 0)]).toStrictEqual(['', '']);
  expect(() => chainOf(self, foreign, 0)).toThrow('does not belong to it, because it signed itself');
});
