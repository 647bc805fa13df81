import { evaluate } from './cloudwatch';

describe('the rules of CloudWatch, as its guide tabulates them', () => {
  const states = { O: 'OK', A: 'ALARM', '-': 'INSUFFICIENT_DATA' } as const;

  /** The states with missing, ignore (when it was OK), breaching and notBreaching. */
  it.each<[number, string, string]>([
    [3, '0-X-X', 'OOOO'],
    [3, '0----', 'OOOO'],
    [3, '-----', '-OAO'],
    [3, '0XX-X', 'AAAA'],
    [3, '----X', '-OAO'],
    [3, 'X----', 'AOAO'],
    [2, '0-X-X', 'AAAA'],
    [2, '00X0X', 'AAAA'],
    [2, '0-X--', 'OOAO'],
    [2, '----0', 'OOAO'],
    [2, '----X', '-OAO'],
  ])('%d of 3: %s', (DatapointsToAlarm, points, expected) => {
    const range = [...points].map((point) => (point === '-' ? undefined : { breaching: point === 'X' }));
    const policies = ['missing', 'ignore', 'breaching', 'notBreaching'] as const;
    const rule = { EvaluationPeriods: 3, DatapointsToAlarm };

    expect(policies.map((TreatMissingData) => evaluate({ ...rule, TreatMissingData }, range, 'OK'))).toStrictEqual(
      [...expected].map((letter) => states[letter as keyof typeof states]),
    );
  });
});
