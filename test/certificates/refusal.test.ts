import { refusal, retryAt } from '../../lib/certificates/refusal';

const urn = 'urn:ietf:params:acme:error:';

it('tells what was done, what the CA said of each name, and what to do next', () => {
  const subproblems = [
    { type: `${urn}caa`, detail: 'forbidden.', identifier: { value: 'a.example' } },
    { type: `${urn}caa`, detail: 'forbidden\ntoo', identifier: { value: 'b.example' } },
  ];
  const { message, kind } = refusal('Proving a.example', {
    type: `${urn}caa`,
    detail: 'Some are not allowed.',
    subproblems,
  });

  expect(kind).toBe('caa');
  expect(message).toBe(
    'Proving a.example: the CA refused (caa): Some are not allowed; a.example: forbidden; b.example: forbidden too; add a CAA record that allows this CA, or take away the one that forbids it',
  );
});

it('has words for what is no ACME error', () => {
  expect(refusal('Asking', { detail: 'busy' }).message).toBe(
    'Asking: the CA refused (unknown): busy; the next run tries again',
  );
});

const now = Date.parse('2026-10-01T12:00:00Z');

it.each([
  ['120', now + 120_000],
  ['Thu, 01 Oct 2026 13:00:00 GMT', now + 3_600_000],
  ['soon', undefined],
  [undefined, undefined],
])('Retry-After %s', (header, at) => {
  expect(retryAt(header, now)).toBe(at);
});
