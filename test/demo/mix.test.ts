import { due, plan } from '../../scripts/demo/mix';

const plans = Array.from({ length: 1_000 }, (_, n) => plan(n));
const share = (test: (one: (typeof plans)[number]) => boolean): number => plans.filter(test).length / plans.length;

describe('plan', () => {
  it('mixes GET and POST, kept and fresh connections, quick and slow answers', () => {
    expect(share(({ method }) => method === 'POST')).toBe(0.3);
    expect(share(({ kind }) => kind === 'fresh')).toBe(0.25);
    expect(share(({ kind }) => kind === 'slow')).toBe(0.1);
  });

  it('sends half of each kind by HTTPS, once there is a certificate', () => {
    const secure = Array.from({ length: 1_000 }, (_, n) => plan(n, true)).filter((each) => each.secure);

    expect(share((each) => each.secure === true)).toBe(0);
    expect(secure).toHaveLength(500);
    expect(secure.filter(({ method }) => method === 'POST')).toHaveLength(150);
    expect(secure.filter(({ kind }) => kind === 'fresh')).toHaveLength(125);
    expect(secure.filter(({ kind }) => kind === 'slow')).toHaveLength(50);
  });

  it('never gives two requests one id', () => {
    expect(new Set(plans.map(({ id }) => id)).size).toBe(plans.length);
  });

  it('asks for slow answers of 200 to 800 ms', () => {
    const waits = plans.flatMap(({ kind, path }) => (kind === 'slow' ? [Number(path.split('=')[1])] : []));

    expect(Math.min(...waits)).toBeGreaterThanOrEqual(200);
    expect(Math.max(...waits)).toBeLessThanOrEqual(800);
    expect(new Set(waits).size).toBeGreaterThan(50);
  });
});

describe('due', () => {
  it('counts what should have been sent by now, whatever came of it', () => {
    expect([due(200, 0), due(200, 4), due(200, 5), due(200, 1_000), due(0, 1_000)]).toStrictEqual([0, 0, 1, 200, 0]);
  });
});
