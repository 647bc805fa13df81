import { isLate, readCurrent } from '../../lib/sync/current';

const generation = { files: [{ name: '00-global.cfg', sha256: 'x'.repeat(43), versions: [1] }], certificates: [] };
const name = '/sluice/test/haproxy/current';
const at = (version: number) => ({ name, version, value: JSON.stringify(generation), modified: 7 });

/** A Parameter Store that answers each call with the next of its answers, the last one again and again. */
const reading = async (asked: number, ...answers: (ReturnType<typeof at> | undefined)[]) => {
  let waited = 0;
  const get = async () => (answers.length > 1 ? answers.shift() : answers[0]);
  const pause = async (milliseconds: number) => {
    waited += milliseconds;
  };
  const current = await readCurrent({ get }, '/sluice/test', asked, 5_000, pause);
  return { current, waited };
};

describe('the pointer', () => {
  it.each([
    ['the asked generation', 4],
    ['a later one', 5],
  ])('is taken at once when it is %s', async (_, version) => {
    expect(await reading(4, at(version))).toStrictEqual({
      current: { number: version, modified: 7, generation },
      waited: 0,
    });
  });

  it('is asked again while Parameter Store answers with what was before', async () => {
    expect(await reading(4, undefined, at(3), at(4))).toMatchObject({ current: { number: 4 }, waited: 1_000 });
  });

  it('is an error when it stays older than asked', async () => {
    await expect(reading(4, at(3))).rejects.toThrow(
      'asked for generation 4, but /sluice/test/haproxy/current is still at 3',
    );
  });

  it('is an error when it should exist and does not, but not at boot', async () => {
    await expect(reading(4, undefined)).rejects.toThrow('/sluice/test/haproxy/current does not exist');
    expect(await reading(0, undefined)).toStrictEqual({ current: undefined, waited: 0 });
  });

  it.each([
    '',
    '[]',
    'null',
    '{"files":7,"certificates":[]}',
    '{"files":[{"name":"../../etc/passwd"}],"certificates":[]}',
  ])('is an error when it is damaged: %s', async (value) => {
    await expect(reading(0, { ...at(4), value })).rejects.toThrow('/sluice/test/haproxy/current:4 is damaged');
  });
});

describe('a pointer older than what is installed', () => {
  const installed = { number: 9, modified: 70 };
  const older = { number: 4, modified: 7, generation };
  /** A Parameter Store that knows the installed version after so many questions. */
  const late = async (knownAfter: number, current = older) => {
    const asked: string[] = [];
    let waited = 0;
    const get = async (selector: string) => {
      asked.push(selector);
      return asked.length > knownAfter ? at(9) : undefined;
    };
    const pause = async (milliseconds: number) => {
      waited += milliseconds;
    };
    const patience = { patienceMilliseconds: 5_000, pause };
    return {
      isLate: await isLate({ get }, '/sluice/test', current, installed, patience),
      waited,
      asked: new Set(asked),
    };
  };

  it.each([0, 3])(
    'is a late answer when the installed version was published, which may show a moment later: %j',
    async (n) => {
      expect(await late(n)).toStrictEqual({ isLate: true, waited: 500 * n, asked: new Set([`${name}:9`]) });
    },
  );

  it('counts when the installed version was never published: somebody edited what says which that is', async () => {
    expect(await late(99)).toMatchObject({ isLate: false, waited: 5_000 });
  });

  it.each([
    ['of the same number', { ...older, number: 9 }],
    ['of a later number', { ...older, number: 10 }],
    ['made anew, which counts from 1 but is younger', { ...older, number: 1, modified: 71 }],
  ])('is none that is %s', async (_, current) => {
    expect(await late(0, current)).toStrictEqual({ isLate: false, waited: 0, asked: new Set() });
  });
});
