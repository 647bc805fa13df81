import {
  type Fault,
  type Kept,
  nothingKept,
  parseKept,
  printKept,
  standing,
  withoutIds,
} from '../../lib/faults/faults';
import type { ServiceState } from '../../lib/faults/tasks';
import { type Deps, type Found, type Mail, mailOf, tellFaults } from '../../lib/faults/tell';

const minute = 60_000;
const stage = { name: 'prod', region: 'eu-west-2' };
const fault = (name: string): Fault => ({ service: `demo/${name}`, message: `demo/${name}: wrong` });
const [a, b] = [fault('a'), fault('b')];

/** A stage whose runs follow each other: only the parameter is remembered. */
function told() {
  const state = { text: undefined as string | undefined, now: 1_000_000 * minute, writes: 0 };
  const mails: Mail[] = [];
  const counts: number[] = [];
  const deps: Deps = {
    stage,
    readServices: async () => new Map(),
    readEnded: async () => new Map(),
    keepFaults: async (text) => void Object.assign(state, { text, writes: state.writes + 1 }),
    mail: async (mail) => void mails.push(mail),
    countFaults: (count) => void counts.push(count),
  };
  const run = (faults: readonly Fault[], more: Partial<Found> = {}, broken: Partial<Deps> = {}) => {
    const found = { clusters: ['demo'], tasks: [], services: [], ended: [], tick: undefined, now: state.now };
    return tellFaults({ ...found, faults, kept: parseKept(state.text).kept, ...more }, { ...deps, ...broken });
  };
  return {
    ...{ state, mails, counts, run },
    kept: (): Kept => parseKept(state.text).kept,
    /** The next tick, five minutes later. */
    tick: (faults: readonly Fault[], broken: Partial<Deps> = {}, more: Partial<Found> = {}) => {
      state.now += 5 * minute;
      return run(faults, { tick: 'first', ...more }, broken);
    },
  };
}

/** The faults at each tick, and what was mailed in the end: the count of each mail. */
const mailsOf = async (ticks: readonly (readonly Fault[])[]): Promise<readonly string[]> => {
  const { tick, mails } = told();
  for (const faults of ticks) await tick(faults);
  return mails.map(({ subject }) => subject.replace('Sluice prod: ', ''));
};
const times = (count: number, ...faults: readonly Fault[]) => Array.from({ length: count }, () => faults);

describe('a mail', () => {
  it.each<[string, readonly (readonly Fault[])[], readonly string[]]>([
    ['is not sent of nothing', times(3), []],
    ['is not sent of what one tick saw', [[a], [], [a], []], []],
    ['is sent once of what two ticks saw', times(30, a), ['1 fault']],
    [
      'does not depend on the order',
      [
        [a, b],
        [b, a],
        [a, b],
      ],
      ['2 faults'],
    ],
    ['waits until the faults stay the same', [[a], [a, b], [a], [a, b], [a, b]], ['2 faults']],
    ['of other faults waits for an hour', [...times(2, a), ...times(11, b)], ['1 fault']],
    ['of other faults comes after an hour', [...times(2, a), ...times(12, b)], ['1 fault', '1 fault']],
    ['is not sent again of what came back', [...times(2, a), ...times(5, b), ...times(30, a)], ['1 fault']],
    ['says that all are gone', [...times(2, a), ...times(30)], ['1 fault', 'all faults are gone']],
    ['says so of none that were not mailed', [[a], ...times(30)], []],
    [
      'comes again of what comes again',
      [...times(2, a), ...times(12), ...times(13, a)],
      ['1 fault', 'all faults are gone', '1 fault'],
    ],
  ])('%s', async (_, ticks, mails) => {
    expect(await mailsOf(ticks)).toStrictEqual(mails);
  });

  it('is not due at the repetition of a tick, nor at an event between two', async () => {
    const { tick, run, mails } = told();
    await tick([a]);
    await run([a], { tick: 'again' });
    await run([a]);
    expect(mails).toHaveLength(0);
    await tick([a]);
    expect(mails).toHaveLength(1);
  });

  it('that fails is a fault, and is tried again at each tick until it is sent', async () => {
    const { tick, kept, mails, counts, state } = told();
    const mail = () => Promise.reject(new Error('denied, request 8d5c1c6e-0000-4000-8000-000000000000'));
    const failure = 'The faults could not be mailed: denied, request …';
    await tick([a]);
    for (const writes of [2, 2]) {
      expect(await tick([a], { mail })).toStrictEqual([a.message, failure]);
      expect(standing(kept())).toStrictEqual([a, { message: failure }]);
      expect(state.writes).toBe(writes);
    }
    expect(await tick([a])).toStrictEqual([a.message]);
    expect([mails.length, kept().unmailed, counts]).toStrictEqual([1, undefined, [1, 2, 2, 1]]);
  });

  it('that could not be sent before its faults went is no fault any more', async () => {
    const { tick, kept } = told();
    for (const faults of [[a], [a], []]) await tick(faults, { mail: () => Promise.reject(new Error('slow')) });
    expect(standing(kept())).toStrictEqual([]);
  });

  it('comes twice, and not never, if it cannot be written down that it was sent', async () => {
    const { tick, mails } = told();
    await tick([a]);
    const lost = { keepFaults: () => Promise.reject(new Error('throttled')) };
    expect(await tick([a], lost)).toStrictEqual([a.message, 'The faults could not be kept: throttled']);
    await tick([a]);
    expect(mails).toHaveLength(2);
  });

  it('is short and plain, with the faults of hostile labels made visible, and the next step', () => {
    const all = Array.from({ length: 22 }, (_, index) => ({ message: `x${index} \u001b[2J\n` }));
    const { subject, body } = mailOf(all, { ...stage, name: 'é'.repeat(200) });

    expect(subject).toBe(`Sluice ${'?'.repeat(92)}`);
    expect(body).toContain('\n- x19 \\u{1b}[2J\\u{a}\n- and 2 more\n\nNext: npx sluice status --stage é');
    expect(mailOf([], stage).body).toContain('npx sluice status --stage prod --region eu-west-2');
  });
});

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
  const many = (count: number, text: string) =>
    Array.from({ length: count }, (_, n) => ({ service: 'demo/x', message: `${n}${text}` }));

  it('fits the free size, and says how many faults it leaves out', () => {
    const full = { ...nothingKept, faults: many(60, 'ü'.repeat(90)), ofTasks: many(3, 'é'), ask: ['x'.repeat(200)] };
    const text = printKept(full);
    const { kept } = parseKept(text);

    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(4096);
    expect(kept.faults.length + kept.more).toBe(60);
    expect(kept.ofTasks).toHaveLength(3);
    expect(printKept(kept)).toBe(text);
    const wide = { ...nothingKept, ask: Array.from({ length: 10 }, () => 'x'.repeat(500)) };
    expect(Buffer.byteLength(printKept(wide))).toBeLessThanOrEqual(4096);
  });

  it('holds no {{, which Parameter Store refuses', () => {
    const text = printKept({ ...nothingKept, faults: many(1, '{{{ssm:secret}}}') });
    expect(text).not.toContain('{{');
    expect(parseKept(text).kept.faults).toStrictEqual(many(1, '{{{ssm:secret}}}'));
  });

  it.each(['', 'x', 'null', '[]', '{"faults":[]}', '{"faults":[5]}'])(
    'counts as never written when it is %p',
    (text) => {
      expect(parseKept(text)).toStrictEqual({ kept: nothingKept, damage: expect.any(String) });
    },
  );

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

it.each([
  ['(task 0a1b2c3d4e5f60718293a4b5c6d7e8f9) on i-0a1b2c3d4e5f60718', '(task …) on …'],
  ['deployment ecs-svc/1234567890123456789 at 2026-11-26T10:00:00.123Z', 'deployment ecs-svc/… at …'],
  ['instance 5df0ce11-3243-47f7-b18e-2cfc28397f11 has 1024 of port 8080', 'instance … has 1024 of port 8080'],
])('%s loses what differs from tick to tick', (text, shown) => {
  expect(withoutIds(text)).toBe(shown);
});
