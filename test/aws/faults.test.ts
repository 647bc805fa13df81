import { parseKept, standing } from '../../lib/faults/faults';
import type { Api } from '../../scripts/local/api/api';
import type { Fault } from '../../scripts/local/api/errors';
import { always, faults as faultsOf, impatient } from './played';
import { definitionArn, stage } from './stage';

const again = 'nothing is lost: the run is repeated in seconds, and the next tick repairs the rest';
const real = faultsOf(again);
/** An answer without a field that AWS always sends must not count as "there is none". */
const hollow = (action: string) => {
  const fault = { body: /^(ec2|sns):/.test(action) ? '<Response/>' : '{}' };
  return { fault, says: /MalformedAnswer: AWS answered without/, advises: again };
};
const kinds = [...Object.keys(real), 'hollow'];

const root = '/sluice/dev/';
const files = ['00-global', '10-frontends', '20-routes', '50-demo.cart', '50-demo.shop'];
const pieces = files.map((file) => `${root}haproxy/files/${file}.cfg:1`);

/** Every call of reconcile: its action, how a message begins, and what marks it among the calls of one action. */
const calls: Record<string, readonly [action: string, names: string, about?: string]> = {
  'reading current': [
    'ssm:GetParameters',
    `Reading ${root}haproxy/current,${root}certificates/index`,
    'haproxy/current',
  ],
  'reading what is published': ['ssm:GetParameters', `Reading ${pieces}`, 'haproxy/files'],
  'listing tasks': ['ecs:ListTasks', 'Listing tasks of cluster demo'],
  'describing tasks': ['ecs:DescribeTasks', 'Describing tasks of cluster demo'],
  'reading a definition': ['ecs:DescribeTaskDefinition', `Reading task definition ${definitionArn('shop')}`],
  'describing hosts': ['ecs:DescribeContainerInstances', 'Describing container instances of cluster demo'],
  'reading addresses': ['ec2:DescribeInstances', 'Describing instances i-a'],
  'asking a service': ['ecs:DescribeServices', 'Describing services of cluster demo'],
  'writing a file': ['ssm:PutParameter', `Writing ${root}haproxy/files/50-demo.cart.cfg`, 'files/50-demo.cart'],
  'writing current': ['ssm:PutParameter', `Writing ${root}haproxy/current`, 'haproxy/current'],
  nudging: ['ssm:SendCommand', 'Nudging the proxies to generation 2 with sluice-dev-sync'],
};

/** The generation of the last nudge that AWS accepted. */
const lastNudge = ({ calls }: Api): number => {
  const nudges = calls.filter(({ action, outcome }) => action === 'ssm:SendCommand' && outcome === 'answered');
  const { Parameters } = (nudges.at(-1)?.input ?? {}) as { Parameters?: { Generation: string[] } };
  return Number(Parameters?.Generation[0]);
};

/** A run with the fault, and one without: what the first said and left behind, and whether the second repaired it. */
async function suffer(call: string, fault: Fault, times: number) {
  const [action, , about] = calls[call] as (typeof calls)[string];
  const { world, api, run, servers, forget, current } = await stage(impatient());
  if (call === 'asking a service') Object.assign(world, { tasks: [], counts: { shop: 0, cart: 0 } });
  const wanted = world.tasks.map(({ id, service }) => `${service}/${id}`).sort();
  const isComplete = async () => JSON.stringify(await servers()) === JSON.stringify(wanted);
  const attempt = (receives: number): Promise<string> =>
    run(receives).then(
      ({ action }) => action,
      ({ message }) => message,
    );
  const before = current();
  api.faults.next(action, fault, times, about);
  const said = await attempt(1);
  const isUntouched = current() === before;
  api.faults.clear();
  const left = isUntouched ? 'untouched' : (await isComplete()) ? 'complete' : await servers();
  forget();
  const next = await attempt(2);
  const repaired = /^(publish|keep)$/.test(next) && (await isComplete()) && lastNudge(api) > 1;
  return { said, left, repaired };
}

/** For these calls three kinds of fault are enough, because other calls of the same clients get every kind. */
const likeOthers = ['reading what is published', 'writing a file', 'nudging'];

const fine = { said: 'publish', left: 'complete', repaired: true };

describe.each(Object.keys(calls))('%s', (call) => {
  const [action, names] = calls[call] as (typeof calls)[string];
  const own = likeOthers.includes(call) ? ['failing', 'denied', 'hollow'] : kinds;
  const passing = own.filter((kind) => /^(throttled|failing|too slow|cut off)$/.test(kind));

  it.each([
    ...passing.map((kind) => [kind, real[kind]?.fault] as const),
    ['slow, but in time,', { lateMs: 50 }] as const,
  ])('%s once is waited for or tried again, and the run succeeds', async (_, fault) => {
    expect(await suffer(call, fault as Fault, 1)).toStrictEqual(fine);
  });

  it.each(own)('%s for long fails the run in words, and the next run is right', async (kind) => {
    const { fault, says, advises } = real[kind] ?? hollow(action);

    const { said, ...rest } = await suffer(call, fault, always);

    expect(said.slice(0, names.length)).toBe(names);
    expect(said).toMatch(says);
    expect(said.slice(-advises.length)).toBe(advises);
    // A write that is answered too late, or hollow, was made all the same.
    const isWritten = call === 'nudging' || (call === 'writing current' && kind === 'too slow');
    expect(rest).toStrictEqual({ left: isWritten ? 'complete' : 'untouched', repaired: true });
  });
});

it.each([
  ['ecs:ListTasks', '{"taskArns":[]}'],
  ['ecs:DescribeContainerInstances', '{"containerInstances":[],"failures":[]}'],
  ['ec2:DescribeInstances', '<Response><reservationSet/></Response>'],
])('%s may well answer that there are none', async (action, body) => {
  const { api, run } = await stage();
  api.faults.next(action, { body });
  expect((await run()).action).toBe('keep');
});

describe('bringing messages back', () => {
  const bringBack = async (fault: Fault, times: number): Promise<unknown> => {
    const { api, bringBack } = await stage(impatient());
    api.faults.next('sqs:ChangeMessageVisibility', fault, times);
    return bringBack([{ messageId: 'm', receiptHandle: 'r', attributes: { ApproximateReceiveCount: '1' } }]);
  };

  it('is tried again', async () => {
    await bringBack('throttled', 1);
  });

  it.each(kinds)('%s for long is an error in words', async (kind) => {
    const { fault, says, advises } = real[kind] ?? hollow('sqs:');
    const said = await bringBack(fault, always).catch(({ message }) => message);
    expect(said).toMatch(/^Bringing 1 messages back sooner: /);
    expect(said).toMatch(says);
    expect(said).toContain(advises);
  });
});

const unseen = 'whether its tasks run cannot be seen: Reading the ended tasks of demo/shop: ';
/** The calls that keep and mail faults: what marks each, and how the sentence about it begins and ends. */
const telling: Record<string, readonly [action: string, about: string, begins: string, ends: string]> = {
  'asking for the services': [
    'ecs:DescribeServices',
    '',
    'Whether the services’ tasks run cannot be seen: Describing services of cluster demo: ',
    'the next tick asks again',
  ],
  'listing ended tasks': ['ecs:ListTasks', 'STOPPED', `demo/shop: ${unseen}`, 'the next tick asks again'],
  'describing ended tasks': ['ecs:DescribeTasks', 'ended', `demo/shop: ${unseen}`, 'the next tick asks again'],
  'writing the faults': [
    'ssm:PutParameter',
    'haproxy/faults',
    `The faults could not be kept: Writing ${root}haproxy/faults: `,
    'the next run writes it again',
  ],
  mailing: [
    'sns:Publish',
    '',
    'The faults could not be mailed: Mailing to topic sluice-dev-AlarmTopic: ',
    'the next tick tries again',
  ],
};

describe.each(Object.keys(telling))('%s', (call) => {
  const [action, about, begins, ends] = telling[call] as (typeof telling)[string];

  it.each(kinds)('%s for long is a fault in words that stops nothing else, until it is over', async (kind) => {
    const { world, api, store, run, servers } = await stage(impatient());
    Object.assign(world, { counts: { shop: 0, cart: 2 }, desired: { shop: 1 } });
    if (call === 'mailing') await run();
    api.faults.next(action, (real[kind] ?? hollow(action)).fault, always, about);
    const before = api.calls.length;

    const said = (await run()).faults.find((each) => each.startsWith(begins)) ?? 'nothing';

    expect(said.slice(begins.length)).toMatch(kind === 'denied' ? /AccessDenied/ : new RegExp(`; ${ends}$`));
    expect(api.calls.slice(before).map((each) => each.action)).toContain('ssm:SendCommand');
    expect(await servers()).toStrictEqual(['cart/x', 'cart/y', 'shop/a', 'shop/b']);
    api.faults.clear();
    const { faults } = await run();
    expect(faults).toStrictEqual(['demo/shop: none of its tasks runs; ECS says: nothing']);
    expect(standing(parseKept(store.read(`${root}haproxy/faults`)).kept).map(({ message }) => message)).toStrictEqual(
      faults,
    );
  });
});
