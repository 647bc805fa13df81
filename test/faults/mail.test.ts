import { type Fault, standing } from '../../lib/faults/faults';
import { mailOf } from '../../lib/faults/tell';
import { a, b, stage, told } from './told';

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
