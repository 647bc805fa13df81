import { always, faults as faultsOf } from './played';
import { issued, name, type RenewStage, renewStage, state } from './renew-stage';

type Call = (stage: RenewStage) => Promise<unknown>;

const stored = '/sluice/dev/acme';
const certificates = '/sluice/dev/certificates';
const set = { name: 'b.example.com', ttlSeconds: 10, values: ['"b"'] };
const until = Date.now() + 60_000;

/** What the error says is being done, the action of AWS, and, where one call sends several, what is in the request that fails. */
type Row = readonly [doing: string, action: string, call: Call, about?: string];
const [get, put] = ['ssm:GetParameter', 'ssm:PutParameter'];
const writeCertificate: Call = ({ store }) => store.writeCertificate('example.com', issued);
const create: Call = ({ zones, id }) => zones.change(id, [{ action: 'CREATE', set }]);
const sets = 'route53:ListResourceRecordSets';
const ca = 'https://ca.example';
const calls: readonly Row[] = [
  [`Reading ${stored}/state/example.com`, `${get}s`, ({ store }) => store.readStates(['example.com'])],
  [`Reading ${certificates}/index`, `${get}s`, ({ store }) => store.readIndex()],
  [`Reading ${stored}/journal`, `${get}s`, ({ store }) => store.journal.read()],
  [`Reading ${stored}/account`, get, ({ store }) => store.accounts.read(ca)],
  [`Writing ${certificates}/example.com/key`, put, writeCertificate],
  [`Writing ${certificates}/example.com/chain`, put, writeCertificate, '/chain'],
  [`Writing ${certificates}/index`, put, ({ store }) => store.writeIndex([])],
  [`Writing ${stored}/state/example.com`, put, ({ store }) => store.writeState('example.com', state)],
  [`Writing ${stored}/journal`, put, ({ store }) => store.journal.write([])],
  [`Writing ${stored}/account`, put, ({ store }) => store.accounts.keep(ca, 'key')],
  [`Taking the lock ${stored}/lock`, put, ({ lock }) => lock.take(until)],
  [`Reading the lock ${stored}/lock`, get, ({ lock }) => lock.take(until)],
  [`Releasing the lock ${stored}/lock`, 'ssm:DeleteParameter', ({ lock }) => lock.release()],
  ['Reading hosted zone Z', 'route53:GetHostedZone', ({ zones, id }) => zones.read(id)],
  [`Reading the TXT records of ${name}`, sets, ({ zones, id }) => zones.readText(id, name)],
  [`Reading the CNAME records of ${name}`, sets, ({ zones, id }) => zones.readCname(id, name)],
  [`Reading the NS records of ${name}`, sets, ({ zones, id }) => zones.delegates(id, name)],
  ['Changing the TXT records of b.example.com', 'route53:ChangeResourceRecordSets', create],
  ['Asking about change', 'route53:GetChange', ({ zones, change }) => zones.isInSync(change)],
  ['Announcing the stored certificates to reconcile', 'sqs:SendMessage', ({ announce }) => announce('1')],
];

const faults = faultsOf('the certificates that are stored stay, and the next run tries again');

/** Calls of one action fail alike: all faults are played for the first, two for the others. */
const all = calls.map(([doing, action, call, about = ''], index) => {
  const isFirst = calls.findIndex(([, other]) => other === action) === index;
  return { doing, action, call, about, kinds: isFirst ? Object.keys(faults) : ['failing', 'denied'] };
});

describe.each(all)('$doing', ({ doing, action, call, about, kinds }) => {
  const suffer = async (kind: string, times: number): Promise<string> => {
    const stage = await renewStage();
    stage.api.faults.next(action, faults[kind]?.fault ?? 'failing', times, about);
    return call(stage).then(
      () => 'done',
      ({ message }) => message,
    );
  };

  it.each(kinds.filter((kind) => /^(throttled|failing|cut off)$/.test(kind)))(
    '%s once is tried again',
    async (kind) => {
      expect(await suffer(kind, 1)).toBe('done');
    },
  );

  it.each(kinds)('%s for long is reported, with advice', async (kind) => {
    const { says = /never/, advises = 'never' } = faults[kind] ?? {};
    const said = await suffer(kind, always);
    expect(said.slice(0, doing.length)).toBe(doing);
    expect(said).toMatch(says);
    expect(said.slice(-advises.length)).toBe(advises);
  });
});

it.each<[string, string, string, Call]>([
  ['a parameter without a value', 'ssm:GetParameter', '{"Parameter":{}}', ({ store }) => store.accounts.read('x')],
  ['a write without a version', 'ssm:PutParameter', '{}', ({ store }) => store.writeIndex([])],
  ['no list', 'route53:ListResourceRecordSets', '<Response/>', ({ zones, id }) => zones.readText(id, name)],
])('%s is no answer, and nothing is concluded from it', async (_, action, body, call) => {
  const stage = await renewStage();
  stage.api.faults.next(action, { body }, always);
  await expect(call(stage)).rejects.toThrow('MalformedAnswer: AWS answered without');
});
