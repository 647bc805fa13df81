import type { Calls } from './calls';
import { hours } from './today';

const { limits } = require('../../resources/limits.cjs') as {
  limits: (type: string) => { readonly SLUICE_CONNECTIONS: number };
};

/**
 * What AWS grants a size all the time. Network: aws/karpenter-provider-aws, zz_generated.bandwidth.go, read in 2026-11, from AWS's own
 * figures; CPU: EC2 user guide, burstable performance instances, table of credits.
 */
const sizes = {
  't4g.nano': { megabits: 32, creditsAnHour: 6 },
  't4g.micro': { megabits: 64, creditsAnHour: 12 },
  't4g.small': { megabits: 128, creditsAnHour: 24 },
  't4g.medium': { megabits: 256, creditsAnHour: 24 },
} as const;
/** Of every size up to medium. */
const cores = 2;
/** A core of a T4g against one of the machine that measured: ASSUMED. */
const relativeSpeed = 0.5;

export type Reach = {
  readonly type: string;
  /** Megabits a second, for ever. Bursts go to 5 Gbit/s. */
  readonly sustainedMegabits: number;
  readonly sustainedGbAMonth: number;
  /** What CPU alone allows for ever, on kept connections and with a handshake each. */
  readonly requestsASecond: { readonly kept: number; readonly newTls: number };
  /** Both cores busy, after a day without load. */
  readonly minutesAtFullSpeed: number;
  /** That HAProxy takes at a time, by its memory. */
  readonly connections: number;
  /** CPU above what is granted, both cores busy all month, in vCPU-hours. */
  readonly mostSurplusHours: number;
};

export const proxyTypes = Object.keys(sizes) as readonly (keyof typeof sizes)[];

export function reach(type: keyof typeof sizes, { cpu }: Calls): Reach {
  const { megabits, creditsAnHour } = sizes[type];
  const granted = creditsAnHour / 60;
  // No more digits than such an estimate has.
  const requests = (microseconds: number) => Number(((granted * relativeSpeed * 1e6) / microseconds).toPrecision(2));
  return {
    type,
    sustainedMegabits: megabits,
    sustainedGbAMonth: Math.round((megabits / 8 / 1_000) * 3_600 * hours),
    requestsASecond: { kept: requests(cpu.keptConnection), newTls: requests(cpu.newTlsConnection) },
    minutesAtFullSpeed: Math.round((creditsAnHour * 24) / (cores - granted)),
    connections: limits(type).SLUICE_CONNECTIONS,
    mostSurplusHours: (cores - granted) * hours,
  };
}
