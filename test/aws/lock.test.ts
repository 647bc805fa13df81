import { renewStage } from './renew-stage';

describe('a lock that has expired', () => {
  const other = '{"owner":"other","until":9999999999999}';
  const lateMe = { owner: 'late', now: Date.now };

  it.each(['', 'null', '"words"', '{}', 'no JSON'])('is taken over, also where it says %j', async (text) => {
    const { lockOf, held, seize } = await renewStage();
    if (text) seize(text);
    expect(await lockOf({ ...lateMe, pause: async () => {} }).take(Date.now() + 60_000)).toBe(true);
    expect(held()).toContain('late');
  });

  it('is lost again when another run, which had found it expired too, takes it a moment later', async () => {
    const { lockOf, seize } = await renewStage();
    expect(await lockOf({ ...lateMe, pause: async () => seize(other) }).take(Date.now() + 60_000)).toBe(false);
  });

  it('is not given back by one that does not hold it any more', async () => {
    const { lock, seize, held } = await renewStage();
    seize(other);
    await lock.release();
    expect(held()).toBe(other);
  });
});
