import type { Fleet } from '../lib/fleet/fleet';
import { sha256 } from '../lib/generation/generation';
import { parseBackend } from '../lib/haproxy/backend';
import type { File } from '../lib/haproxy/render';
import { type Deps, type Message, type Published, reconcile as reconcileBatch } from '../lib/reconcile';
import { definition, fleet, task, taskEvent } from './builders';

const tick: Message = { body: '{"source":"sluice.tick","id":"1"}', receives: 1 };
const event: Message = { body: taskEvent('a'), receives: 1 };

const reconcile = (messages: readonly Message[], deps: Deps, reflected = { tasks: new Map() }) =>
  reconcileBatch(messages, deps, reflected);

describe('reconcile', () => {
  it('publishes a change once and nudges, then finds nothing to do', async () => {
    const world = inMemory(fleet([task('a')]));

    expect(await reconcile([event], world.deps)).toMatchObject({ action: 'publish', generation: 1, faults: [] });
    expect(await reconcile([event], world.deps)).toMatchObject({ action: 'keep', generation: 1 });
    expect(world.nudged).toStrictEqual([1]);
  });

  it('nudges at every tick, changed or not', async () => {
    const world = inMemory(fleet([task('a')]));

    await reconcile([tick], world.deps);
    await reconcile([tick], world.deps);

    expect(world.nudged).toStrictEqual([1, 1]);
  });

  it('looks at the entrance at every tick, and not at every event', async () => {
    const world = inMemory(fleet([task('a')]));

    await reconcile([event], world.deps);
    await reconcile([tick], world.deps);

    expect(world.probed).toBe(1);
  });

  it('nudges when a message comes again, since the last run may have failed between publishing and nudging', async () => {
    const world = inMemory(fleet([task('a')]));
    await expect(
      reconcile([event], { ...world.deps, nudge: () => Promise.reject(new Error('throttled')) }),
    ).rejects.toThrow('throttled');

    await reconcile([{ ...event, receives: 2 }], world.deps);

    expect(world.nudged).toStrictEqual([1]);
  });

  it('describes what is published, though nobody lists or names it', async () => {
    const world = inMemory(fleet([task('a')]));
    await reconcile([tick], world.deps);
    await reconcile([{ body: taskEvent('b'), receives: 1 }], world.deps);

    expect(world.described).toStrictEqual([new Map(), new Map([['demo', ['b', 'a']]])]);
  });

  it('tells what is wrong with a service, and serves the others', async () => {
    const faulty = task('x', { service: 'faulty', definition: 'faulty:1', hostPort: 1 });
    const world = inMemory(fleet([task('a'), faulty], { 'faulty:1': definition({ 'haproxy.hots': 'x' }) }));

    const { action, faults } = await reconcile([tick], world.deps);

    expect(action).toBe('publish');
    expect(faults).toStrictEqual([
      expect.stringContaining('demo/faulty, revision 1: container "web": unknown label "haproxy.hots"'),
    ]);
    expect(world.services()).toStrictEqual(['demo.shop']);
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

    expect(faults).toContainEqual(expect.stringMatching(/^demo\.service-\d+ is one too many for this stage/));
    expect(world.services().length + faults.length).toBe(300);
  });
});

describe('a cluster that was taken out of the settings', () => {
  it('is no longer served, and asked nothing', async () => {
    const world = inMemory(fleet([task('a')]));
    await reconcile([tick], world.deps);
    world.fleet = { ...fleet([]), clusters: ['other'] };

    await reconcile([tick], { ...world.deps, readWitness: () => Promise.reject(new Error('denied')) });

    expect(world.services()).toStrictEqual([]);
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

  it('is answered by one read while it says nothing new', async () => {
    const world = inMemory(fleet([task('a', { version: 5 }), task('b', { version: 5, hostPort: 32769 })]));
    const reflected = { tasks: new Map() };
    await reconcile([tick], world.deps, reflected);

    expect(await reconcile(events(['a', 4], ['b', 5]), world.deps, reflected)).toStrictEqual({
      action: 'keep',
      reason: 'a run before has already acted upon these events',
      faults: [],
    });
    expect(world.described).toHaveLength(1);
  });

  it.each([
    ['a newer version', events(['a', 6])],
    ['an unknown task', events(['b', 1])],
    ['a stop order', events(['a', 6, stop])],
    ['the tick', [tick]],
    ['a host that begins to drain', [host('host-1', 'DRAINING')]],
    ['a message of another kind', [{ body: '{"source":"sluice.renew"}', receives: 1 }]],
    ['a message that is not what it says', [{ body: '{', receives: 1 }]],
    ['a message that comes again', [{ body: taskEvent('a', { version: 5 }), receives: 2 }]],
  ])('is read again for %s', async (_, messages) => {
    const world = inMemory(fleet([task('a', { version: 5 })]));
    const reflected = { tasks: new Map() };
    await reconcile([tick], world.deps, reflected);
    await reconcile(messages, world.deps, reflected);

    expect(world.described).toHaveLength(2);
  });

  it.each([
    ['is as active as before', host('host-1', 'ACTIVE')],
    ['has no task of ours', host('host-9', 'DRAINING')],
  ])('is not read again for a host that %s', async (_, message) => {
    const world = inMemory(fleet([task('a')]));
    const reflected = { tasks: new Map() };
    await reconcile([tick], world.deps, reflected);
    await reconcile([message], world.deps, reflected);

    expect(world.described).toHaveLength(1);
  });

  it('is not read again for what follows a stop order', async () => {
    const world = inMemory(fleet([task('a', { version: 5, state: 'stopping' })]));
    const reflected = { tasks: new Map() };
    await reconcile([tick], world.deps, reflected);
    await reconcile(events(['a', 6, stop], ['a', 7, { ...stop, lastStatus: 'STOPPED' }]), world.deps, reflected);

    expect(world.described).toHaveLength(1);
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
    const world = inMemory(fleet([task('a', { version: 5 })]));
    const reflected = { tasks: new Map() };
    const failing = { ...world.deps, nudge: () => Promise.reject(new Error('throttled')) };
    await expect(reconcile(events(['a', 5]), failing, reflected)).rejects.toThrow('throttled');

    expect(reflected).toStrictEqual({ tasks: new Map() });
  });
});

describe('law 3: never wipe', () => {
  const three = [task('a'), task('b', { hostPort: 32769 }), task('c', { hostPort: 32770 })];

  it('changes nothing when a page of ECS fails', async () => {
    const world = inMemory(fleet(three));
    await reconcile([tick], world.deps);
    const failing = { ...world.deps, readTasks: () => Promise.reject(new Error('ThrottlingException')) };

    await expect(reconcile([tick], failing)).rejects.toThrow('ThrottlingException');
    expect(world.servers('demo.shop')).toStrictEqual(['a', 'b', 'c']);
  });

  it('keeps a backend that ECS contradicts, publishes the rest, and looks again in seconds', async () => {
    const world = inMemory(fleet(three), new Map([['demo/shop', 3]]));
    await reconcile([tick], world.deps);
    const other = task('o', { service: 'other', definition: 'other:1', hostPort: 1 });
    world.fleet = fleet([other], { 'other:1': definition({ 'haproxy.host': 'other.example.com' }) });

    await expect(reconcile([tick], world.deps)).rejects.toThrow(
      'Will look again in seconds: changed: 00-global.cfg, changed: 10-frontends.cfg, new: 50-demo.other.cfg, ' +
        'ECS describes fewer tasks with an address of their own than it counts for demo/shop',
    );
    expect(world.servers('demo.shop')).toStrictEqual(['a', 'b', 'c']);
    expect(world.servers('demo.other')).toStrictEqual(['o']);
    expect(world.nudged).toStrictEqual([1, 2]);
  });

  it('lets a service go to no task at all when it says so itself', async () => {
    const world = inMemory(fleet(three), new Map([['demo/shop', 0]]));
    await reconcile([tick], world.deps);
    world.fleet = fleet([]);

    await reconcile([tick], world.deps);

    expect(world.servers('demo.shop')).toStrictEqual([]);
  });

  it('takes a published state that cannot be read for nothing but a fault', async () => {
    const world = inMemory(fleet(three));
    const damaged = async () => ({ number: 7, backends: [], certificates: [], faults: ['current is damaged'] });

    expect(await reconcile([tick], { ...world.deps, readPublished: damaged })).toMatchObject({
      action: 'publish',
      faults: ['current is damaged'],
    });
    expect(world.servers('demo.shop')).toStrictEqual(['a', 'b', 'c']);
  });
});

/** Parameter Store and ECS that remember: the contracts of lib/aws, without AWS. */
function inMemory(initial: Fleet, witness = new Map<string, number>()) {
  let published: Published = { number: 0, backends: [], certificates: [], faults: [] };
  let files: readonly File[] = [];
  const services = () => files.filter(({ name }) => name.startsWith('50-')).map(({ text }) => parseBackend(text));
  const world = { fleet: initial, nudged: [] as number[], probed: 0, described: [] as unknown[] };
  const deps: Deps = {
    readPublished: async () => published,
    readTasks: async (also) => {
      world.described.push(also);
      return world.fleet;
    },
    readSurroundings: async () => world.fleet,
    readWitness: async () => witness,
    publish: async (_, all) => {
      files = all;
      const pieces = all.map(({ name, text }) => ({ name, sha256: sha256(text), versions: [1] }));
      published = {
        ...published,
        number: published.number + 1,
        generation: { files: pieces, certificates: [] },
        backends: services(),
      };
      return published.number;
    },
    nudge: async (generation) => void world.nudged.push(generation),
    probe: async () => void world.probed++,
    now: () => 1_000_000,
  };
  return Object.assign(world, {
    deps,
    services: () => services().map(({ name }) => name),
    servers: (backend: string) =>
      services()
        .find(({ name }) => name === backend)
        ?.servers.map(({ name }) => name),
  });
}
