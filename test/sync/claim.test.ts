import { claim, type Hands, type Place, readPlace } from '../../lib/sync/claim';

const place: Place = { slot: '1', address: 'eipalloc-1', group: 'sluice-dev-proxy-1', hook: 'serves' };
const none = Object.assign(
  new Error('AWS refused CompleteLifecycleAction: ValidationError (No active Lifecycle Action found)'),
  {
    name: 'ValidationError',
  },
);

/** A world that notes what is done in it, in order; what is listed fails so often first. */
function worldWith({ failures = [], claimedBy }: { failures?: readonly [string, Error][]; claimedBy?: string } = {}) {
  const left = [...failures];
  const done: string[] = [];
  const said: string[] = [];
  const attempt = (what: string): void => {
    const next = left.findIndex(([name]) => name === what);
    if (next >= 0) throw left.splice(next, 1)[0]?.[1];
    done.push(what);
  };
  let record = claimedBy;
  const hands: Hands = {
    instanceId: async () => 'i-1',
    notServing: async () => {
      try {
        attempt('serving');
        return undefined;
      } catch (error) {
        return (error as Error).message;
      }
    },
    query: async (service, action, fields) => attempt(`${service} ${action} ${Object.values(fields).join(' ')}`),
    claimedBy: () => record,
    remember: (id) => {
      attempt('remembered');
      record = id;
    },
    say: (words) => void said.push(words),
    pause: async (milliseconds) => void said.push(`${milliseconds} ms`),
  };
  return { hands, done, said };
}

const associated = 'ec2 AssociateAddress eipalloc-1 i-1 true';
const completed = 'autoscaling CompleteLifecycleAction sluice-dev-proxy-1 serves CONTINUE i-1';

describe('claiming', () => {
  it('law 11: comes after serving, and lets the predecessor go only then', async () => {
    const { hands, done } = worldWith();

    expect(await claim(place, hands)).toBe(
      'i-1 serves and has taken over address 1 (eipalloc-1); sluice-dev-proxy-1 counts on it',
    );
    expect(done).toStrictEqual(['serving', associated, completed, 'remembered']);
  });

  it('waits for its own HAProxy, later and later, and says what it waits for', async () => {
    const down = new Error('HAProxy does not answer here');
    const { hands, done, said } = worldWith({ failures: Array.from({ length: 7 }, () => ['serving', down]) });

    await claim(place, hands);

    expect(done[0]).toBe('serving');
    expect(said[0]).toBe('could not serve on i-1 yet: HAProxy does not answer here; next try in 1 s');
    expect(said.filter((words) => words.endsWith(' ms'))).toStrictEqual(
      [1, 2, 4, 8, 16, 30, 30].map((seconds) => `${seconds}000 ms`),
    );
  });

  it('asks again for an address that AWS refuses', async () => {
    const denied = new Error('AWS refused AssociateAddress: UnauthorizedOperation');
    const { hands, done, said } = worldWith({ failures: [[associated, denied]] });

    await claim(place, hands);

    expect(said[0]).toBe(`could not take over address 1 (eipalloc-1) yet: ${denied.message}; next try in 1 s`);
    expect(done).toStrictEqual(['serving', associated, completed, 'remembered']);
  });

  it('asks once more for a hook that begins just now', async () => {
    const { hands, done } = worldWith({ failures: [[completed, none]] });

    await claim(place, hands);

    expect(done).toContain(completed);
  });

  it('is done where nobody waits: the hook was completed before', async () => {
    const { hands, done } = worldWith({ failures: Array.from({ length: 4 }, () => [completed, none]) });

    expect(await claim(place, hands)).toMatch(/nobody waits for it in sluice-dev-proxy-1$/);
    expect(done.at(-1)).toBe('remembered');
  });

  it('happens once in an instance’s life: it never takes the address back from its successor', async () => {
    const { hands, done } = worldWith({ claimedBy: 'i-1' });

    expect(await claim(place, hands)).toBe('i-1 claimed address 1 before; nothing was done');
    expect(done).toStrictEqual([]);
  });

  it('happens on a copy of a disk: that is another instance', async () => {
    const { hands, done } = worldWith({ claimedBy: 'i-0' });

    await claim(place, hands);

    expect(done).toContain(associated);
  });
});

it('names everything that the template should have told and has not', () => {
  expect(() => readPlace({ SLUICE_SLOT: '1', SLUICE_GROUP: 'g' })).toThrow('SLUICE_ADDRESS, SLUICE_HOOK not set');
});
