import { readSettings } from '../../lib/certificates/settings';
import { environment, production } from './environment';

it('reads what serverless.yml gives', () => {
  expect(readSettings(environment)).toStrictEqual({
    prefix: '/sluice/dev',
    queueUrl: environment.SLUICE_QUEUE_URL,
    addresses: ['192.0.2.1', '192.0.2.2'],
    wanted: [{ names: ['example.com', '*.example.com'], keyType: 'ecdsa-p256', directory: production, profile: '' }],
    directory: production,
    rehearsal: 'https://acme-staging-v02.api.letsencrypt.org/directory',
    contact: 'hostmaster@example.com',
    zones: ['Z1', 'Z2'],
    resolver: undefined,
  });
});

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
    /^Settings of the function are faulty, deploy them again: SLUICE_PREFIX: .*; SLUICE_KEY_TYPE: .*; SLUICE_CONTACT: /,
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
