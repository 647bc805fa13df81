import { inspect } from 'node:util';

import { AwsError } from '../../scripts/local/api/errors';
import { issued, type RenewStage, renewStage } from './renew-stage';

it('no word of the account’s parameter reaches an error', async () => {
  const { api, store } = await renewStage();
  api.faults.next('ssm:GetParameter', { body: '{"Parameter":{"Value":"-----BEGIN SECRET"}}' });

  const error = await store.accounts.read('x').catch((reason: Error) => reason);

  expect(String(error)).toBe(
    'Error: /sluice/dev/acme/account is damaged; put an older version back, or delete it to make a new account',
  );
});

it.each(['null', '7', '{"directory":{"key":1}}', 'no JSON'])(
  'an account that is %s is said to be damaged',
  async (text) => {
    const { store, put } = await renewStage();
    put('acme/account', text);

    await expect(store.accounts.read('directory')).rejects.toThrow(
      '/sluice/dev/acme/account is damaged; put an older version back, or delete it to make a new account',
    );
  },
);

it.each(['{}', '7', '[null]', 'no JSON'])('a journal that is %s is said to be damaged', async (text) => {
  const { store, put } = await renewStage();
  put('acme/journal', text);

  await expect(store.journal.read()).rejects.toThrow(
    /^\/sluice\/dev\/acme\/journal is damaged \(.*\); put an older version back, or delete it to begin anew$/s,
  );
});

describe('when AWS repeats what it refuses to write', () => {
  const secret = `-----BEGIN PRIVATE KEY-----\n${'c2VjcmV0'.repeat(8)}\n-----END PRIVATE KEY-----`;
  const refuse = (repeated: string) => () => {
    const message = `1 validation error detected: Value '${repeated}' at 'value' failed to satisfy constraint`;
    throw new AwsError('ValidationException', message);
  };

  it.each([
    [
      'a certificate’s key',
      secret,
      (store: RenewStage['store']) => store.writeCertificate('a', { ...issued, key: secret }),
    ],
    [
      'a piece of it',
      secret.slice(40, 60),
      (store: RenewStage['store']) => store.writeCertificate('a', { ...issued, key: secret }),
    ],
    [
      'the account',
      JSON.stringify({ 'https://ca.example': secret }),
      (store: RenewStage['store']) => store.accounts.keep('https://ca.example', secret),
    ],
  ])('no word of %s reaches an error', async (_, repeated, write) => {
    const { store } = await renewStage({ 'ssm:PutParameter': refuse(repeated) });

    const error = await write(store).catch((reason: Error) => reason);

    expect(inspect(error)).toMatch(
      /Writing \/sluice\/dev\/\S+: ValidationException: what it says repeats a secret, and is not shown; /,
    );
    expect(inspect(error)).not.toMatch(/c2VjcmV0|PRIVATE/);
  });
});
