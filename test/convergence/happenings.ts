import fc from 'fast-check';

import { type Variant, variants } from './definitions';
import type { Break } from './function';
import type { Circumstances } from './world';

/** One thing that happens. What it happens to is counted round, so that any number names something. */
export type Happening =
  | { readonly deploy: number; readonly variant: Variant; readonly desired: number; readonly atOnce: boolean }
  | { readonly scale: number; readonly desired: number }
  | { readonly remove: number }
  | { readonly loop: number }
  | { readonly stop: number }
  | { readonly crash: number }
  | { readonly health: number }
  | { readonly lose: number }
  | { readonly drain: number }
  | { readonly warn: number }
  | { readonly wait: number }
  | { readonly forget: true }
  | { readonly stale: readonly [list: number, describe: number, count: number] }
  | { readonly breaking: Break };

export type History = Circumstances & { readonly happenings: readonly Happening[] };

const ms = (...values: number[]) => fc.constantFrom(...values);
const any = fc.nat({ max: 5 });
const how = fc.constantFrom<Break['how'][]>('killed', 'throttled', 'answer lost');
const variant = fc.constantFrom(...variants);
const one = <Type>(weight: number, arbitrary: fc.Arbitrary<Type>) => ({ weight, arbitrary });

const kindOf = <Type>(model: { [Key in keyof Type]: fc.Arbitrary<Type[Key]> }) => fc.record(model);
const kind = <Type>(weight: number, model: { [Key in keyof Type]: fc.Arbitrary<Type[Key]> }) =>
  one(weight, kindOf(model));

const happening: fc.Arbitrary<Happening> = fc.oneof(
  kind(4, { deploy: any, variant, desired: fc.integer({ min: 1, max: 3 }), atOnce: fc.boolean() }),
  kind(2, { scale: any, desired: fc.nat({ max: 3 }) }),
  kind(1, { remove: any }),
  kind(1, { loop: any }),
  kind(2, { stop: any }),
  kind(3, { crash: any }),
  kind(2, { health: any }),
  kind(1, { lose: any }),
  kind(1, { drain: any }),
  kind(1, { warn: any }),
  kind(8, { wait: fc.constantFrom(1, 2, 4, 8, 30, 70, 300) }),
  kind(1, { forget: fc.constant(true as const) }),
  kind(3, { stale: fc.tuple(fc.nat({ max: 30 }), fc.nat({ max: 30 }), fc.nat({ max: 30 })) }),
  kind(3, { breaking: fc.record({ call: fc.nat({ max: 14 }), how, runs: fc.integer({ min: 1, max: 4 }) }) }),
);

const old = fc.integer({ min: 4, max: 30 });
/** What single happenings rarely come to: an older answer that knows no stop order yet, or no tasks that were published. */
const stories: fc.Arbitrary<readonly Happening[]> = fc.oneof(
  fc.tuple(kindOf({ stop: any }), kindOf({ wait: ms(1, 2) }), kindOf({ stale: fc.tuple(old, old, old) })),
  fc.tuple(
    kindOf({ scale: any, desired: fc.constant(3) }),
    kindOf({ wait: ms(8) }),
    kindOf({ stale: fc.tuple(old, fc.integer({ min: 10, max: 30 }), fc.constant(0)) }),
    kindOf({ stop: any }),
  ),
);

const delays = fc.oneof(
  one(6, fc.constant<number[]>([0])),
  one(2, fc.constant<number[]>([])),
  one(2, fc.array(fc.nat({ max: 90 }), { minLength: 1, maxLength: 3 })),
  one(1, fc.constantFrom([0, 86_000], [4_000])),
);
const delivery = fc.record({
  delays: fc.oneof(
    one(4, fc.constant<number[]>([2])),
    one(1, fc.constant<number[]>([])),
    one(2, fc.array(fc.nat({ max: 60 }), { minLength: 1, maxLength: 3 })),
  ),
  cut: fc.option(fc.nat({ max: 12 }), { nil: undefined, freq: 3 }),
});

const given = { start: ms(500, 3_000), warm: ms(0, 1_000, 4_000), grace: ms(0, 2_000, 20_000), report: ms(200, 3_000) };
const pace = fc.record(given);

export const histories = (maxLength: number): fc.Arbitrary<History> =>
  fc.record({
    happenings: fc
      .array(fc.oneof(one(12, fc.tuple(happening)), one(1, stories)), { maxLength })
      .map((all) => all.flat()),
    pace,
    events: fc.array(delays, { minLength: 1, maxLength: 8 }),
    nudges: fc.array(delivery, { minLength: 1, maxLength: 6 }),
  });
