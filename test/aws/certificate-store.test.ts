import { inspect } from 'node:util';

import { AwsError } from '../../scripts/local/api/errors';
import { issued, type RenewStage, renewStage } from './renew-stage';

type Store = RenewStage['store'];

it.each(['null', '7', '{"directory":{"key":1}}', 'no JSON', '-----BEGIN SECRET'])(
  'an account that is %s is reported as damaged, without a word of it',
  async (text) => {
    const { store, put } = await renewStage();
    put('acme/account', text);

    await expect(store.accounts.read('directory')).rejects.toThrow(
      /^\/sluice\/dev\/acme\/account is damaged; put an older version back, or delete it to make a new account$/,
    );
  },
);

it.each(['{}', '7', '[null]', 'no JSON'])('a journal that is %s is reported as damaged', async (text) => {
  const { store, put } = await renewStage();
  put('acme/journal', text);
  await expect(store.journal.read()).rejects.toThrow(
    /^\/sluice\/dev\/acme\/journal is damaged \(.*\); put an older version back, or delete it to start again$/s,
  );
});

const secret = `-----BEGIN PRIVATE KEY-----\n${'c2VjcmV0'.repeat(8)}\n-----END PRIVATE KEY-----`;
const keep = (store: Store) => store.writeCertificate('a', { ...issued, key: secret });

it.each<[string, string, (store: Store) => Promise<unknown>]>([
  ['a certificate’s key', secret, keep],
  ['a piece of it', secret.slice(40, 60), keep],
  ['the account', JSON.stringify({ x: secret }), (store) => store.accounts.keep('https://ca.example', secret)],
])('no word of %s reaches an error when AWS repeats what it refuses to write', async (_, repeated, write) => {
  const refuse = () => {
    const message = `1 validation error detected: Value '${repeated}' at 'value' failed to satisfy constraint`;
    throw new AwsError('ValidationException', message);
  };
  const { store } = await renewStage({ 'ssm:PutParameter': refuse });

  const error = inspect(await write(store).catch((reason: Error) => reason));

  expect(error).toMatch(
    /Writing \/sluice\/dev\/\S+: ValidationException: its message repeats a secret, so it is not shown; /,
  );
  expect(error).not.toMatch(/c2VjcmV0|PRIVATE/);
});
