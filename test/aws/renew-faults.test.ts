import { noState } from '../../lib/certificates/due/state';
import type { Fault } from '../../scripts/local/api/errors';
import { always, faults as faultsOf } from './played';
import { issued, name, type RenewStage, renewStage } from './renew-stage';

type Call = {
  readonly action: string;
  readonly names: RegExp;
  readonly call: (stage: RenewStage) => Promise<unknown>;
  /** Answers of 200 that are none. */
  readonly hollow: readonly string[];
  readonly about?: string;
};

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

const faults = faultsOf('the certificates that are stored stay, and the next run tries again');

describe.each(Object.keys(calls))('%s', (kind) => {
  const { action, about, names, call, hollow } = calls[kind] as Call;

  async function suffer(fault: Fault, times: number): Promise<string> {
    const stage = await renewStage();
    stage.api.faults.next(action, fault, times, about);
    return call(stage).then(
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
