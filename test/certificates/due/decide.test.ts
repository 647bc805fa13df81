import { noAttempts, noteBegun, noteStored } from '../../../lib/certificates/due/attempts';
import { decide, withStates } from '../../../lib/certificates/due/decide';
import type { Wanted } from '../../../lib/certificates/due/due';
import type { State } from '../../../lib/certificates/due/state';

const now = Date.parse('2026-10-01T12:00:00Z');
const staging = 'https://staging.example/directory';
const wanted: Wanted = { names: ['example.com'], keyType: 'ecdsa-p256', directory: staging, profile: '' };

/** Issued four times within a week. */
const busy = (): State => {
  let attempts = noAttempts;
  for (let time = 0; time < 4; time++) attempts = noteStored(noteBegun(attempts, now));
  return { attempts, attempted: wanted.names, attemptedAt: staging };
};
const waitFor = (asked: Wanted, state = busy()): string | undefined => {
  const [certificate] = withStates([asked], new Map([['example.com', state]]));
  return certificate && decide(certificate, true, now).wait;
};

it('what a CA issued counts for the same names at that CA', () => {
  expect(waitFor(wanted)).toMatch('it was issued 4 times within a week');
  expect(waitFor({ ...wanted, keyType: 'rsa-2048' })).toMatch('it was issued 4 times within a week');
});

it('who tried on staging often is not kept from production, nor other names by these', () => {
  expect(waitFor({ ...wanted, directory: 'https://production.example/directory' })).toBeUndefined();
  expect(waitFor({ ...wanted, names: ['example.com', 'www.example.com'] })).toBeUndefined();
});

it('a state from before this was kept counts for the CA of the settings', () => {
  const { attemptedAt: _, ...older } = busy();

  expect(waitFor(wanted, older)).toMatch('it was issued 4 times within a week');
});

it('a window of no length that an older version kept counts for nothing', () => {
  const day = 86_400_000;
  const held = { ...wanted, serial: 'AB', notBefore: now - day, notAfter: now + 89 * day, key: 1, chain: 1 };
  const asked = { serial: 'AB', start: now, end: now, at: now, askAgainAt: now };
  const [certificate] = withStates([wanted], new Map([['example.com', { ...busy(), held, asked }]]));

  expect(certificate && decide(certificate, true, now).due).toStrictEqual({
    due: false,
    why: 'valid until 2026-12-29T12:00Z; it will be renewed about 2026-11-29T12:00Z',
  });
});
