import { nothingKept, parseKept, printKept, withoutIds } from '../../lib/faults/faults';

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
});

it.each([
  ['(task 0a1b2c3d4e5f60718293a4b5c6d7e8f9) on i-0a1b2c3d4e5f60718', '(task …) on …'],
  ['deployment ecs-svc/1234567890123456789 at 2026-11-26T10:00:00.123Z', 'deployment ecs-svc/… at …'],
  ['instance 5df0ce11-3243-47f7-b18e-2cfc28397f11 has 1024 of port 8080', 'instance … has 1024 of port 8080'],
])('%s loses what differs from tick to tick', (text, shown) => {
  expect(withoutIds(text)).toBe(shown);
});
