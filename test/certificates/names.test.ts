import { certificateName, challengeName, covers, provingHost, sameNames } from '../../lib/certificates/names';

it('a certificate is stored under its first name, in letters that Parameter Store takes', () => {
  expect(certificateName(['shop.example.com', 'example.com'])).toBe('shop.example.com');
  expect(certificateName(['*.example.com'])).toBe('wildcard.example.com');
});

it('a wildcard is proven where its domain is', () => {
  expect(challengeName('*.example.com')).toBe(challengeName('example.com'));
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

it('names are the same in any order', () => {
  expect(sameNames(['a', 'b'], ['b', 'a'])).toBe(true);
  expect(sameNames(['a'], ['a', 'b'])).toBe(false);
});
