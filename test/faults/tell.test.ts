import { standing } from '../../lib/faults/faults';
import type { ServiceState } from '../../lib/faults/tasks';
import { a, b, told } from './told';

describe('faults of the services’ tasks', () => {
  const missing: ServiceState = { desired: 1, running: 0, events: [] };
  const words = 'demo/a: none of its tasks runs; ECS says: nothing';
  const seen = {
    readServices: async () => new Map([['demo/a', missing]]),
    readEnded: async () => new Map([['demo/a', []]]),
  };

  it('are found at ticks, and kept between them', async () => {
    const { tick, run, kept, state } = told();
    await tick([], seen, { services: ['demo/a'] });
    expect(await run([b])).toStrictEqual([words, b.message]);
    expect(kept()).toMatchObject({ faults: [b], ofTasks: [{ service: 'demo/a', message: words }] });
    await run([b]);
    expect(state.writes).toBe(2);
    const readServices = jest.fn(async () => new Map());
    await tick([b], { readServices });
    expect([readServices.mock.calls, kept().ofTasks]).toStrictEqual([[[['demo/a']]], []]);
  });

  it('stay while ECS cannot be asked, which is a fault, once', async () => {
    const { tick, kept } = told();
    await tick([], seen);
    for (const why of ['denied', 'slow']) await tick([], { readServices: () => Promise.reject(new Error(why)) });
    const unseen = { message: 'Whether the services’ tasks run cannot be seen: slow' };
    expect(kept().ofTasks).toStrictEqual([{ service: 'demo/a', message: words }, unseen]);
  });

  it('are looked for in services that only events name, until they are well, and in those that had some', async () => {
    const { tick, run, kept } = told();
    const asked: (readonly string[])[] = [];
    const look = (state: ServiceState) => ({
      readServices: async (services: readonly string[]) => {
        asked.push([...services].sort());
        return new Map([['demo/new', state]]);
      },
      readEnded: async () =>
        new Map([
          [
            'demo/new',
            [{ definition: 'd', createdAt: 0, endedAt: 10 ** 12, stopCode: '', reason: '', containers: [] }],
          ],
        ]),
    });
    await run([], { ended: ['demo/new', 'demo/served'], services: ['demo/served'] });
    expect(kept().ask).toStrictEqual(['demo/new']);
    await tick([], look(missing), { services: ['demo/served'] });
    await tick([], look({ ...missing, desired: 0 }));
    await tick([], look(missing));
    expect(asked).toStrictEqual([['demo/new', 'demo/served'], ['demo/new'], []]);
  });

  it('are those of the settings’ clusters', async () => {
    const { tick, kept } = told();
    await tick([], seen);
    await tick(
      [],
      { readServices: async (services) => new Map(services.map((name) => [name, missing])) },
      { clusters: ['other'] },
    );
    expect(standing(kept())).toStrictEqual([]);
  });

  it('are looked for in ten services at a tick, and the log says how many wait', async () => {
    const services = Array.from({ length: 12 }, (_, index) => `demo/s${index}`);
    const readServices = async () => new Map(services.map((name) => [name, missing]));
    expect(await told().tick([], { readServices }, { services })).toStrictEqual([
      '2 more services seem unwell; the next ticks look at them',
    ]);
  });
});

describe('the parameter', () => {
  it('is not written while there was never a fault, and not for the same faults', async () => {
    const { tick, state, kept } = told();
    await tick([]);
    expect(state.writes).toBe(0);
    await tick([a]);
    const since = kept().since;
    for (let ticks = 0; ticks < 3; ticks++) await tick([a]);
    // The third write says what was mailed.
    expect([state.writes, kept().since]).toStrictEqual([2, since]);
  });
});
