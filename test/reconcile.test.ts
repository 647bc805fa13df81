import { nothingKept } from '../lib/faults/faults';
import type { File } from '../lib/haproxy/render';
import { usualSettings } from '../lib/haproxy/stage';
import { type Deps, type Message, reconcile as reconcileBatch } from '../lib/reconcile';
import { definition, fleet, task, taskEvent } from './builders';
import { inMemory } from './memory';

const tick: Message = { body: '{"source":"sluice.tick","id":"1"}', receives: 1 };
const event: Message = { body: taskEvent('a'), receives: 1 };
const throttled = () => Promise.reject(new Error('ThrottlingException'));
const reconcile = (messages: readonly Message[], deps: Deps, reflected = { tasks: new Map() }) =>
  reconcileBatch(messages, deps, reflected);

describe('reconcile', () => {
  it('publishes a change once and nudges, then finds nothing to do', async () => {
    const world = inMemory(fleet([task('a')]));
    expect(await reconcile([event], world.deps)).toMatchObject({ action: 'publish', generation: 1, faults: [] });
    expect(await reconcile([event], world.deps)).toMatchObject({ action: 'keep', generation: 1 });
    expect(world.nudged).toStrictEqual([1]);
  });

  it('nudges and probes the entrance at every tick, changed or not, and does not probe at an event', async () => {
    const world = inMemory(fleet([task('a')]));
    for (const message of [event, tick, tick]) await reconcile([message], world.deps);
    expect([world.nudged, world.probed]).toStrictEqual([[1, 1, 1], 2]);
  });

  it('nudges when a message comes again, since the last run may have failed between publishing and nudging', async () => {
    const world = inMemory(fleet([task('a')]));
    await expect(reconcile([event], { ...world.deps, nudge: throttled })).rejects.toThrow('Throttling');
    await reconcile([{ ...event, receives: 2 }], world.deps);
    expect(world.nudged).toStrictEqual([1]);
  });

  it('publishes what the settings of the stage ask for', async () => {
    const world = inMemory(fleet([task('a')]));
    let text = '';
    const publish = async (_: unknown, all: readonly File[]) => {
      text = all.map((file) => file.text).join('');
      return 1;
    };
    await reconcile([tick], {
      ...world.deps,
      publish,
      settings: { ...usualSettings, trustedProxies: ['203.0.113.0/24'] },
    });
    expect(text).toContain(' src 203.0.113.0/24\n');
  });

  it('describes published tasks that ECS does not list, and serves a task that only an event names', async () => {
    const world = inMemory(fleet([task('a')]));
    world.now = 0;
    await reconcile([tick], world.deps);
    await reconcile([{ body: taskEvent('b'), receives: 1 }], world.deps);
    expect(world.described).toStrictEqual([new Map(), new Map([['demo', ['b', 'a']]])]);
    expect(world.servers()).toStrictEqual({ 'demo.shop': ['b'] });
  });
});

describe('a service too many', () => {
  it('is not served and named, and the others are', async () => {
    const many = Array.from({ length: 300 }, (_, index) => `service-${index}`);
    const tasks = many.map((service, index) =>
      task(service, { service, definition: service, createdAt: index, hostPort: index + 1 }),
    );
    const definitions = many.map((service) => [service, definition({ 'haproxy.host': `${service}.example.com` })]);
    const world = inMemory(fleet(tasks, Object.fromEntries(definitions)));

    const { faults } = await reconcile([tick], world.deps);

    expect(faults).toContainEqual(
      expect.stringMatching(/^demo\.service-\d+ is not served, because this stage is full; /),
    );
    expect(Object.keys(world.servers()).length + faults.length).toBe(300);
  });
});

describe('a cluster that was taken out of the settings', () => {
  it('is no longer served, and asked nothing', async () => {
    const world = inMemory(fleet([task('a')]));
    await reconcile([tick], world.deps);
    world.fleet = { ...fleet([]), clusters: ['other'] };
    await reconcile([tick], { ...world.deps, readWitness: throttled });
    expect(world.servers()).toStrictEqual({});
  });
});

describe('a burst of events', () => {
  const events = (...versions: [string, number, object?][]): Message[] =>
    versions.map(([id, version, detail]) => ({ body: taskEvent(id, { version, ...detail }), receives: 1 }));
  const stop = { desiredStatus: 'STOPPED' };
  const host = (containerInstanceArn: string, status: string): Message => {
    const event = { source: 'aws.ecs', 'detail-type': 'ECS Container Instance State Change' };
    return { body: JSON.stringify({ ...event, detail: { containerInstanceArn, status } }), receives: 1 };
  };
  /** How often ECS is read for a batch, after a tick has read this task. */
  const reads = async (messages: readonly Message[], state: 'running' | 'stopping' = 'running') => {
    const world = inMemory(fleet([task('a', { version: 5, state })]));
    const reflected = { tasks: new Map() };
    await reconcile([tick], world.deps, reflected);
    await reconcile(messages, world.deps, reflected);
    return world.described.length - 1;
  };

  it.each([
    ['a newer version', events(['a', 6])],
    ['an unknown task', events(['b', 1])],
    ['a stop order', events(['a', 6, stop])],
    ['the tick', [tick]],
    ['a host that begins to drain', [host('host-1', 'DRAINING')]],
    ['a message of another kind', [{ body: '{"source":"sluice.renew"}', receives: 1 }]],
    ['a message that cannot be read', [{ body: '{', receives: 1 }]],
    ['a message that comes again', [{ body: taskEvent('a', { version: 5 }), receives: 2 }]],
  ])('is read again for %s', async (_, messages) => {
    expect(await reads(messages)).toBe(1);
  });

  it.each([
    ['what was read before', events(['a', 4], ['a', 5]), 'running'],
    ['a host that is as active as before', [host('host-1', 'ACTIVE')], 'running'],
    ['a host that has no task of ours', [host('host-9', 'DRAINING')], 'running'],
    ['what follows a stop order', events(['a', 6, stop], ['a', 7, stop]), 'stopping'],
  ] as const)('is not read again for %s', async (_, messages, state) => {
    expect(await reads(messages, state)).toBe(0);
  });

  it('is not read again for the end of a worker that ECS no longer lists', async () => {
    const worker = task('w', { version: 5, service: 'worker', definition: 'worker:1', hostPort: 1 });
    const world = inMemory(fleet([task('a'), worker], { 'worker:1': definition({}) }));
    const reflected = { tasks: new Map() };
    await reconcile([tick], world.deps, reflected);
    world.fleet = fleet([task('a')]);
    await reconcile([tick], world.deps, reflected);
    await reconcile(events(['w', 6, stop]), world.deps, reflected);
    expect(world.described).toHaveLength(2);

    await reconcile(events(['w', 6]), world.deps, reflected);
    expect(world.described).toHaveLength(3);
  });

  it('counts nothing as done by a run that failed', async () => {
    const [world, reflected] = [inMemory(fleet([task('a', { version: 5 })])), { tasks: new Map() }];
    await expect(reconcile([event], { ...world.deps, nudge: throttled }, reflected)).rejects.toThrow('Throttling');
    expect(reflected).toStrictEqual({ tasks: new Map() });
  });
});

describe('law 3: never wipe', () => {
  const three = [task('a'), task('b', { hostPort: 32769 }), task('c', { hostPort: 32770 })];
  const published = async (witness = new Map<string, number>()) => {
    const world = inMemory(fleet(three), witness);
    await reconcile([tick], world.deps);
    return world;
  };

  it.each(['readPublished', 'readTasks', 'readSurroundings'])(
    'changes nothing when a page of ECS fails: %s',
    async (call) => {
      const world = await published();

      await expect(reconcile([tick], { ...world.deps, [call]: throttled })).rejects.toThrow('ThrottlingException');
      expect(world.servers()).toStrictEqual({ 'demo.shop': ['a', 'b', 'c'] });
    },
  );

  it('keeps a backend that ECS contradicts, publishes the rest, and looks again in seconds', async () => {
    const world = await published(new Map([['demo/shop', 3]]));
    const other = task('o', { service: 'other', definition: 'other:1', hostPort: 1 });
    world.fleet = fleet([other], { 'other:1': definition({ 'haproxy.host': 'other.example.com' }) });

    const contradiction = 'ECS counts more tasks than it describes with an address of their own for demo/shop';
    await expect(reconcile([tick], world.deps)).rejects.toThrow(
      `The run fails, and is repeated in seconds: changed: 00-global.cfg, changed: 20-routes.cfg, new: 50-demo.other.cfg, ${contradiction}`,
    );
    await expect(reconcile([tick], world.deps)).rejects.toThrow(
      `The run fails, and is repeated in seconds: ${contradiction}`,
    );
    expect(world.servers()).toStrictEqual({ 'demo.shop': ['a', 'b', 'c'], 'demo.other': ['o'] });
    expect(world.nudged).toStrictEqual([1, 2, 2]);
  });

  it('takes a published state that cannot be read for nothing but a fault', async () => {
    const world = inMemory(fleet(three));
    const nothing = { backends: [], certificates: [], kept: nothingKept };
    const damaged = async () => ({ ...nothing, number: 7, faults: ['current is damaged'] });

    const outcome = await reconcile([tick], { ...world.deps, readPublished: damaged });
    expect(outcome).toMatchObject({ action: 'publish', faults: ['current is damaged'] });
    expect(world.servers()).toStrictEqual({ 'demo.shop': ['a', 'b', 'c'] });
  });
});
