import { sparedAfterMs } from '../../scripts/demo/moving';
import type { Visit } from '../../scripts/demo/visit';

/** One request every 10 ms from 1000 on; each `x` reached the warned task. */
const visits = (pattern: string): readonly Visit[] =>
  [...pattern].map((mark, n) => {
    const start = 1_000 + n * 10;
    return {
      id: `r${n}`,
      kind: 'kept',
      method: 'GET',
      start,
      end: start + 5,
      status: 200,
      task: mark === 'x' ? 'w' : 'o',
    };
  });
const spared = (pattern: string, from = 1_000) => sparedAfterMs(visits(pattern), ['w'], from);

const busy = 'xo'.repeat(50);
const away = 'o'.repeat(40);

describe('sparedAfterMs', () => {
  it('is when the last but two of the requests to a warned task have come', () => {
    expect(spared(busy + away)).toBe(950);
  });

  it('counts from the warning on, whatever was before', () => {
    expect(spared(away + busy + away, 1_500)).toBe(850);
  });

  it('allows a stray one, for second choice is not none', () => {
    expect(spared(`${busy}${'o'.repeat(20)}x${'o'.repeat(20)}`)).toBe(970);
  });

  it('is nothing while they keep coming, or before there are enough to tell', () => {
    expect(spared(busy)).toBeUndefined();
    expect(spared(`${busy}oooo`)).toBeUndefined();
  });
});
