import { inspect } from 'node:util';

import { Route53Client } from '@aws-sdk/client-route-53';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';
import { ConfiguredRetryStrategy } from '@smithy/core/retry';

import { announce } from '../../lib/aws/announce';
import { certificateStore } from '../../lib/aws/certificate-store';
import { lockIn } from '../../lib/aws/lock';
import { route53 } from '../../lib/aws/route53';
import { noState } from '../../lib/certificates/state';
import { type Api, type Handlers, startApi } from '../../scripts/local/api';
import { AwsError, type Fault } from '../../scripts/local/errors';
import { parameterStore } from '../../scripts/local/parameters';
import { playRoute53 } from '../../scripts/local/route53';
import { fifoQueue } from '../../scripts/local/sqs';
import { queueHandlers } from '../../scripts/local/sqs-api';

const credentials = { accessKeyId: 'ASIALOCAL', secretAccessKey: 'secret', sessionToken: 'session' };
const prefix = '/sluice/dev';
const lockName = `${prefix}/acme/lock`;
const name = '_acme-challenge.example.com';
const again = 'the certificates that are stored stay, and the next run tries again';
const permission =
  'the function lacks a permission, as it should while the stack is removed; else its role was changed by hand, or a policy' +
  ' above it denies: docs/operations.md, "What was changed by hand"';

const apis: Api[] = [];
afterEach(async () => {
  await Promise.all(apis.splice(0).map((api) => api.stop()));
});

/** Renew's adapters with real clients, whose patience is shorter, and a played AWS that holds one of everything. */
async function stage(played: Handlers = {}) {
  const zones = playRoute53(0);
  const { id } = zones.addZone('example.com', { records: [{ Name: name, Type: 'TXT', TTL: 60, Values: ['"a"'] }] });
  const change = zones.handlers['route53:ChangeResourceRecordSets'];
  const { ChangeInfo } = change({ Id: id, Changes: [] });
  const [parameters, queue] = [parameterStore(), fifoQueue({ QueueName: 'q.fifo', ContentBasedDeduplication: true })];
  const put = (path: string, Value: string) =>
    parameters.put({ Name: `${prefix}/${path}`, Value, Type: 'String', Overwrite: true });
  put('acme/state/example.com', JSON.stringify(noState));
  put('acme/account', '{}');
  put('acme/lock', '{"owner":"me","until":1}');
  put('certificates/index', '[]');
  const handlers = { ...parameters.handlers, ...queueHandlers([queue]), ...zones.handlers, ...played };
  const api = await startApi([{ ...credentials, role: 'Renew', refused: async () => undefined }], handlers);
  apis.push(api);
  const requestHandler = { requestTimeout: 200, throwOnRequestTimeout: true };
  const retryStrategy = new ConfiguredRetryStrategy(2, 5);
  const config = { region: 'eu-west-2', endpoint: api.endpoint, credentials, retryStrategy, requestHandler };
  const ssm = new SSMClient(config);
  return {
    api,
    id,
    change: ChangeInfo.Id.replace('/change/', ''),
    store: certificateStore(ssm, prefix),
    lock: lockIn(ssm, lockName, { owner: 'me', now: Date.now, pause: async () => {} }),
    lockOf: (me: Parameters<typeof lockIn>[2]) => lockIn(ssm, lockName, me),
    /** Another run takes the lock away, and has it. */
    seize: (Value: string) => void parameters.put({ Name: lockName, Value, Type: 'String', Overwrite: true }),
    held: () => parameters.read(lockName),
    put,
    zones: route53(new Route53Client(config)),
    announce: announce(new SQSClient(config), `${api.endpoint}/123456789012/q.fifo`),
  };
}

type Stage = Awaited<ReturnType<typeof stage>>;
type Call = {
  readonly action: string;
  readonly names: RegExp;
  readonly call: (stage: Stage) => Promise<unknown>;
  /** Answers of 200 that are none. */
  readonly hollow: readonly string[];
  readonly about?: string;
};

const issued = { key: 'key', leaf: 'leaf', chain: 'chain' };
const calls: Record<string, Call> = {
  'reading a state': {
    action: 'ssm:GetParameters',
    names: /^Reading \/sluice\/dev\/acme\/state\/example.com: /,
    call: ({ store }) => store.readStates(['example.com'], () => {}),
    hollow: ['{}', '{"Parameters":[]}', '{"Parameters":[{}],"InvalidParameters":[]}'],
  },
  'reading the index': {
    action: 'ssm:GetParameters',
    names: /^Reading \/sluice\/dev\/certificates\/index: /,
    call: ({ store }) => store.readIndex(),
    hollow: ['{}', '{"Parameters":[]}'],
  },
  'reading the journal': {
    action: 'ssm:GetParameters',
    names: /^Reading \/sluice\/dev\/acme\/journal: /,
    call: ({ store }) => store.journal.read(),
    hollow: ['{}'],
  },
  'reading the account': {
    action: 'ssm:GetParameter',
    names: /^Reading \/sluice\/dev\/acme\/account: /,
    call: ({ store }) => store.accounts.read('https://ca.example'),
    hollow: ['{}', '{"Parameter":{}}'],
  },
  'writing a key': {
    action: 'ssm:PutParameter',
    names: /^Writing \/sluice\/dev\/certificates\/example.com\/key: /,
    call: ({ store }) => store.writeCertificate('example.com', issued),
    hollow: ['{}'],
  },
  'writing a chain': {
    action: 'ssm:PutParameter',
    about: '/chain',
    names: /^Writing \/sluice\/dev\/certificates\/example.com\/chain: /,
    call: ({ store }) => store.writeCertificate('example.com', issued),
    hollow: ['{}'],
  },
  'writing the index': {
    action: 'ssm:PutParameter',
    names: /^Writing \/sluice\/dev\/certificates\/index: /,
    call: ({ store }) => store.writeIndex([]),
    hollow: ['{}'],
  },
  'writing a state': {
    action: 'ssm:PutParameter',
    names: /^Writing \/sluice\/dev\/acme\/state\/example.com: /,
    call: ({ store }) => store.writeState('example.com', noState),
    hollow: ['{}'],
  },
  'writing the journal': {
    action: 'ssm:PutParameter',
    names: /^Writing \/sluice\/dev\/acme\/journal: /,
    call: ({ store }) => store.journal.write([]),
    hollow: ['{}'],
  },
  'keeping the account': {
    action: 'ssm:PutParameter',
    names: /^Writing \/sluice\/dev\/acme\/account: /,
    call: ({ store }) => store.accounts.keep('https://ca.example', 'key'),
    hollow: ['{}'],
  },
  'taking the lock': {
    action: 'ssm:PutParameter',
    names: /^Taking the lock \/sluice\/dev\/acme\/lock: /,
    call: ({ lock }) => lock.take(Date.now() + 60_000),
    hollow: [],
  },
  'reading the lock': {
    action: 'ssm:GetParameter',
    names: /^Reading the lock \/sluice\/dev\/acme\/lock: /,
    call: ({ lock }) => lock.take(Date.now() + 60_000),
    hollow: ['{}', '{"Parameter":{}}'],
  },
  'releasing the lock': {
    action: 'ssm:DeleteParameter',
    names: /^Releasing the lock \/sluice\/dev\/acme\/lock: /,
    call: ({ lock }) => lock.release(),
    hollow: [],
  },
  'reading a zone': {
    action: 'route53:GetHostedZone',
    names: /^Reading hosted zone Z\w+: /,
    call: ({ zones, id }) => zones.read(id),
    hollow: ['<Response/>', '<Response><HostedZone/></Response>'],
  },
  'reading TXT records': {
    action: 'route53:ListResourceRecordSets',
    names: /^Reading the TXT records of _acme-challenge.example.com in hosted zone Z\w+: /,
    call: ({ zones, id }) => zones.readText(id, name),
    hollow: ['<Response/>'],
  },
  'reading a CNAME': {
    action: 'route53:ListResourceRecordSets',
    names: /^Reading the CNAME records of _acme-challenge.example.com in hosted zone Z\w+: /,
    call: ({ zones, id }) => zones.readCname(id, name),
    hollow: ['<Response/>'],
  },
  'reading a delegation': {
    action: 'route53:ListResourceRecordSets',
    names: /^Reading the NS records of _acme-challenge.example.com in hosted zone Z\w+: /,
    call: ({ zones, id }) => zones.delegates(id, name),
    hollow: ['<Response/>'],
  },
  'changing TXT records': {
    action: 'route53:ChangeResourceRecordSets',
    names: /^Changing the TXT records of b.example.com in hosted zone Z\w+: /,
    call: ({ zones, id }) => {
      const set = { name: 'b.example.com', ttlSeconds: 10, values: ['"b"'] };
      return zones.change(id, [{ action: 'CREATE', set }]);
    },
    hollow: ['<Response/>', '<Response><ChangeInfo/></Response>'],
  },
  'asking about a change': {
    action: 'route53:GetChange',
    names: /^Asking about change C\w+ of Route 53: /,
    call: ({ zones, change }) => zones.isInSync(change),
    hollow: ['<Response/>', '<Response><ChangeInfo/></Response>'],
  },
  'telling reconcile': {
    action: 'sqs:SendMessage',
    names: /^Telling reconcile of the stored certificates: /,
    call: ({ announce }) => announce('1'),
    hollow: ['{}'],
  },
};

/** Three attempts are made; a fault of more than that outlasts them. */
const always = 9;
const faults: Record<string, { fault: Fault; says: RegExp; advises: string }> = {
  throttled: { fault: 'throttled', says: /Throttling(Exception)?: Rate exceeded/, advises: again },
  failing: { fault: 'failing', says: /InternalServerError/, advises: again },
  'too slow': { fault: { lateMs: 350 }, says: /TimeoutError/, advises: again },
  'cut off': { fault: 'cut', says: /ECONNRESET|socket hang up/, advises: again },
  denied: { fault: 'denied', says: /not authorized to perform/, advises: permission },
  garbled: { fault: { body: '<html>busy' }, says: /SyntaxError|Deserialization|XML|Unclosed/, advises: again },
};

describe.each(Object.keys(calls))('%s', (kind) => {
  const { action, about, names, call, hollow } = calls[kind] as Call;

  async function suffer(fault: Fault, times: number): Promise<string> {
    const played = await stage();
    played.api.faults.next(action, fault, times, about);
    return call(played).then(
      () => 'done',
      ({ message }) => message,
    );
  }

  it.each(['throttled', 'failing', 'cut off'])('%s once is tried again', async (each) => {
    expect(await suffer(faults[each]?.fault as Fault, 1)).toBe('done');
  });

  it.each(Object.keys(faults))('%s for long is said in words', async (each) => {
    const { fault, says, advises } = faults[each] as (typeof faults)[string];

    const said = await suffer(fault, always);

    expect(said).toMatch(names);
    expect(said).toMatch(says);
    expect(said.slice(-advises.length)).toBe(advises);
  });

  if (hollow.length === 0) return;
  it.each(hollow)('an answer %s is none', async (body) => {
    const said = await suffer({ body }, always);

    expect(said).toMatch(names);
    // SQS's client compares a checksum before anybody else looks.
    expect(said).toMatch(/MalformedAnswer: AWS answered without|InvalidChecksumError/);
  });
});

it('tells a zone that is private from one that the world sees', async () => {
  const { zones, id } = await stage();

  expect(await zones.read(id)).toMatchObject({
    id,
    name: 'example.com',
    isPrivate: false,
    nameServers: [/1/, /2/].map((n) => expect.stringMatching(n)),
  });
});

it('gives no record set for a name that has none, though others follow', async () => {
  const { zones, id } = await stage();

  expect(await zones.readText(id, '_acme-challenge.a.example.com')).toBeUndefined();
  expect(await zones.readText(id, name)).toStrictEqual({ name, ttlSeconds: 60, values: ['"a"'] });
});

it.each([
  ['creating what is there', { action: 'CREATE', set: { name, ttlSeconds: 60, values: ['"b"'] } }],
  ['deleting what is not', { action: 'DELETE', set: { name: 'c.example.com', ttlSeconds: 60, values: ['"b"'] } }],
  ['deleting what became another', { action: 'DELETE', set: { name, ttlSeconds: 60, values: ['"b"'] } }],
] as const)('%s is a change that came too late, and no error', async (_, change) => {
  const { zones, id } = await stage();

  expect(await zones.change(id, [change])).toBeUndefined();
});

it('no word of the account’s parameter reaches an error', async () => {
  const { api, store } = await stage();
  api.faults.next('ssm:GetParameter', { body: '{"Parameter":{"Value":"-----BEGIN SECRET"}}' });

  const error = await store.accounts.read('x').catch((reason: Error) => reason);

  expect(String(error)).toBe(
    'Error: /sluice/dev/acme/account is damaged; put an older version back, or delete it to make a new account',
  );
});

it.each(['null', '7', '{"directory":{"key":1}}', 'no JSON'])(
  'an account that is %s is said to be damaged',
  async (text) => {
    const { store, put } = await stage();
    put('acme/account', text);

    await expect(store.accounts.read('directory')).rejects.toThrow(
      '/sluice/dev/acme/account is damaged; put an older version back, or delete it to make a new account',
    );
  },
);

it.each(['{}', '7', '[null]', 'no JSON'])('a journal that is %s is said to be damaged', async (text) => {
  const { store, put } = await stage();
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
    ['a certificate’s key', secret, (store: Stage['store']) => store.writeCertificate('a', { ...issued, key: secret })],
    [
      'a piece of it',
      secret.slice(40, 60),
      (store: Stage['store']) => store.writeCertificate('a', { ...issued, key: secret }),
    ],
    [
      'the account',
      JSON.stringify({ 'https://ca.example': secret }),
      (store: Stage['store']) => store.accounts.keep('https://ca.example', secret),
    ],
  ])('no word of %s reaches an error', async (_, repeated, write) => {
    const { store } = await stage({ 'ssm:PutParameter': refuse(repeated) });

    const error = await write(store).catch((reason: Error) => reason);

    expect(inspect(error)).toMatch(
      /Writing \/sluice\/dev\/\S+: ValidationException: what it says repeats a secret, and is not shown; /,
    );
    expect(inspect(error)).not.toMatch(/c2VjcmV0|PRIVATE/);
  });
});

describe('a lock that has expired', () => {
  const other = '{"owner":"other","until":9999999999999}';
  const lateMe = { owner: 'late', now: Date.now };

  it('is taken over', async () => {
    const { lockOf, held } = await stage();

    expect(await lockOf({ ...lateMe, pause: async () => {} }).take(Date.now() + 60_000)).toBe(true);
    expect(held()).toContain('late');
  });

  it.each(['null', '"words"', '{}', 'no JSON'])('is taken over where it says %s', async (text) => {
    const { lockOf, held, seize } = await stage();
    seize(text);

    expect(await lockOf({ ...lateMe, pause: async () => {} }).take(Date.now() + 60_000)).toBe(true);
    expect(held()).toContain('late');
  });

  it('is lost again when another run, which had found it expired too, takes it a moment later', async () => {
    const { lockOf, seize } = await stage();

    expect(await lockOf({ ...lateMe, pause: async () => seize(other) }).take(Date.now() + 60_000)).toBe(false);
  });

  it('is not given back by one that does not hold it any more', async () => {
    const { lock, seize, held } = await stage();
    seize(other);

    await lock.release();

    expect(held()).toBe(other);
  });
});
