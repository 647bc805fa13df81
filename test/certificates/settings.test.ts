import { readSettings } from '../../lib/certificates/settings';
import { environment } from './environment';

it('knows the staging directory of Let’s Encrypt only, needs no address or further zone, and drops repeated names', () => {
  const { rehearsal, addresses, zones, wanted } = readSettings({
    ...environment,
    SLUICE_ACME_DIRECTORY: 'https://ca.example/directory',
    SLUICE_ADDRESSES: '',
    SLUICE_CHALLENGE_ZONES: '',
    SLUICE_CERTIFICATES: '[["a.example","b.example","a.example"]]',
  });

  expect([rehearsal, addresses, zones]).toStrictEqual([undefined, [], ['Z1']]);
  expect(wanted).toMatchObject([{ names: ['a.example', 'b.example'] }]);
});

it('reports all faults at once, by their names', () => {
  const wrong = { ...environment, SLUICE_PREFIX: 'dev', SLUICE_KEY_TYPE: 'dsa', SLUICE_CONTACT: 'nobody' };
  expect(() => readSettings(wrong)).toThrow(
    /^Settings of the function are faulty, deploy them again: SLUICE_PREFIX: .*; SLUICE_KEY_TYPE: Invalid option: expected one of "ecdsa-p256"\|"rsa-2048"; SLUICE_CONTACT: Invalid email address$/,
  );
});

it.each(['', '[]', '[[]]', '{"a":1}', '[["a.example"],["a.example","b.example"]]'])(
  'refuses the certificates %s',
  (text) => {
    expect(() => readSettings({ ...environment, SLUICE_CERTIFICATES: text })).toThrow(
      'SLUICE_CERTIFICATES: must be lists of names in JSON, no two of which begin with the same name',
    );
  },
);
