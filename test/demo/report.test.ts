import { certificateLines, standingLine, table, verdict } from '../../scripts/demo/report';
import type { MeasuredStep, Totals } from '../../scripts/demo/steps';

const totals = (some: Partial<Totals>): Totals => ({
  requests: 24_812,
  failed: 0,
  lostWithTask: 0,
  expected503: 0,
  ...some,
});
const step: MeasuredStep = {
  name: 'control plane off, then on',
  ...totals({ expected503: 2_461 }),
  reloads: 0,
  samePid: true,
  awsCalls: 1_234,
  ecsReads: 12,
  events: 211,
  retries: 2,
  redispatches: 16,
  stopOrderToLastRequestMs: 2_300,
};

describe('table', () => {
  it('fits a terminal of 100 columns, and shows what does not apply as a dash', () => {
    const lines = table([step, { ...step, name: 'short', samePid: false, reloads: 1 }]).split('\n');

    expect(lines[1]).toMatch(/^control plane off, then on +24,812 +0 +0 +2,461 +0 +18 +– +2\.3 s +1,234$/);
    expect(lines[2]).toMatch(/^short +24,812 +0 +0 +2,461 +1\* /);
    expect(lines.map(({ length }) => length).filter((length) => length > 100)).toStrictEqual([]);
  });
});

describe('verdict', () => {
  it('says in words that all went well, and how much of the wait is the delay of AWS', () => {
    expect(verdict({ totals: totals({}), steps: [], eventToFirstRequestMs: 2_912 }, 2_200)).toStrictEqual([
      '24,812 requests, none failed.',
      "A new task had its first request 2.9 s after it ran (median); AWS's own delay is set to 2.2 s.",
    ]);
  });

  it('tells how long an outage lasted, and in which step', () => {
    expect(verdict({ totals: totals({}), steps: [{ ...step, recoverMs: 8_840 }] }, 0)).toStrictEqual([
      '24,812 requests, none failed.',
      'An honest outage, "control plane off, then on": the first answer came 8.8 s after the last task died.',
    ]);
  });

  it('names what was excused, and why', () => {
    expect(verdict({ totals: totals({ failed: 3, lostWithTask: 2, expected503: 9 }), steps: [] }, 0)).toStrictEqual([
      '3 of 24,812 requests failed.',
      '9 were told 503 while no task existed, or was too new to be known: as they should be.',
      '2 could not be repeated: their task was killed, or closed its door before it had read them.',
    ]);
  });
});

describe('certificateLines', () => {
  const swaps = [
    { serial: 'A', servedAfterMs: 6_510, reloads: 1, samePid: false },
    { serial: 'B', servedAfterMs: 5_020, reloads: 0, samePid: true },
  ];
  const certified = {
    issuer: 'CN=CA',
    serials: ['A', 'B'],
    requests: [14_870, 2_444],
    servedSerial: 'B',
    reloads: 0,
    reloadsAtFirst: 1,
  };

  it('tells how each came to be served, and by which process', () => {
    expect(certificateLines(certified, swaps)).toStrictEqual([
      'By HTTPS came 14,870 and 2,444 requests with the first certificate and with the renewed one, and trusted nobody but CN=CA.',
      'The first was served 6.5 s after the deploy, by a new process (reloads: 1): the redirect from HTTP is new structure.',
      'The renewed one was served 5.0 s after the schedule came round, by the same process (reloads: 0).',
    ]);
  });

  it('says when another one is served in the end', () => {
    expect(certificateLines({ ...certified, servedSerial: 'A' }, swaps).at(-1)).toMatch(
      /; but in the end A is served\.$/,
    );
  });
});

describe('standingLine', () => {
  it('always tells of failures, and of the rest when there is some', () => {
    expect(standingLine(totals({ requests: 4_180 }), 198)).toBe('served 4,180 · failed 0 · 198/s');
    expect(standingLine(totals({ requests: 10, failed: 1, lostWithTask: 2, expected503: 3 }), 198)).toBe(
      'served 4 · failed 1 · lost with a task 2 · 503 without tasks 3 · 198/s',
    );
  });
});
