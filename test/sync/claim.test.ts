import { claim, type Deps } from '../../lib/sync/claim';
import { type Place, readSettings } from '../../lib/sync/settings';

const place: Place = { slot: '1', address: 'eipalloc-1', group: 'sluice-dev-proxy-1', hook: 'serves' };
const none = new Error('AWS refused CompleteLifecycleAction: ValidationError (No active Lifecycle Action found)');
const associated = 'ec2 AssociateAddress eipalloc-1 i-1 true';
const completed = 'autoscaling CompleteLifecycleAction sluice-dev-proxy-1 serves CONTINUE i-1';

/** What was done and logged by a claim in which each failure happens once. */
async function claimed({ failures = [], before }: { failures?: readonly [string, Error][]; before?: string } = {}) {
  const left = [...failures];
  const done: string[] = [];
  const logged: string[] = [];
  const attempt = async (what: string): Promise<undefined> => {
    const next = left.findIndex(([name]) => name === what);
    if (next >= 0) throw left.splice(next, 1)[0]?.[1];
    done.push(what);
  };
  const deps: Deps = {
    instanceId: async () => 'i-1',
    notServing: () => attempt('serving').catch((error: Error) => error.message),
    query: (service, action, fields) => attempt(`${service} ${action} ${Object.values(fields).join(' ')}`),
    claimedBy: () => before,
    remember: (id) => void done.push(`remembered ${id}`),
    log: (words) => void logged.push(words),
    pause: async (milliseconds) => void logged.push(`${milliseconds} ms`),
  };
  return { result: await claim(place, deps), done, logged };
}

const all = ['serving', associated, completed, 'remembered i-1'];
const rest = all.filter((each) => each !== completed);
const times = (count: number, ...failure: [string, Error]) => Array.from({ length: count }, () => failure);

describe('claiming', () => {
  const denied = new Error('AWS refused AssociateAddress: UnauthorizedOperation');
  it.each<[string, Parameters<typeof claimed>[0], readonly string[]]>([
    ['law 11: comes after serving, and lets the predecessor go only then', {}, all],
    ['asks again for an address that AWS refuses', { failures: times(1, associated, denied) }, all],
    ['asks once more for a hook that begins just now', { failures: times(1, completed, none) }, all],
    [
      'is done where Auto Scaling does not wait: the hook was completed before',
      { failures: times(4, completed, none) },
      rest,
    ],
    ['happens once in an instance’s life: it never takes the address back from its successor', { before: 'i-1' }, []],
    ...['', 'i-', 'i-1\ni-2', '\0\u{fffd}noise'].map((before): [string, { before: string }, readonly string[]] => [
      `does not happen where its record is damaged (${JSON.stringify(before)}), for it may have happened before`,
      { before },
      [],
    ]),
    ['happens on a copy of a disk: that is another instance', { before: 'i-0' }, all],
  ])('%s', async (_, world, expected) => {
    expect((await claimed(world)).done).toStrictEqual(expected);
  });

  it('waits for its own HAProxy with growing pauses, and says what it waits for', async () => {
    const silent = new Error('HAProxy does not answer here');
    const { logged, result } = await claimed({ failures: times(7, 'serving', silent) });

    expect(logged[0]).toBe('could not serve on i-1 yet: HAProxy does not answer here; next try in 1 s');
    const pauses = [1, 2, 4, 8, 16, 30, 30].map((seconds) => `${seconds}000 ms`);
    expect(logged.filter((words) => words.endsWith(' ms'))).toStrictEqual(pauses);
    expect(result).toBe('i-1 serves and has taken over address 1 (eipalloc-1); sluice-dev-proxy-1 counts on it');
  });
});

it('names everything that the template should have set and has not', () => {
  const { place } = readSettings({ SLUICE_PREFIX: '/sluice/dev', SLUICE_SLOT: '1', SLUICE_GROUP: 'g' });
  expect(place).toThrow('SLUICE_ADDRESS, SLUICE_HOOK not set');
});
