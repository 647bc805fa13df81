import { type Fault, type Kept, parseKept } from '../../lib/faults/faults';
import { type Deps, type Found, type Mail, tellFaults } from '../../lib/faults/tell';

const minute = 60_000;
export const stage = { name: 'prod', region: 'eu-west-2' };
const fault = (name: string): Fault => ({ service: `demo/${name}`, message: `demo/${name}: wrong` });
export const [a, b] = [fault('a'), fault('b')];

/** A stage whose runs follow each other: only the parameter is remembered. */
export function told() {
  const state = { text: undefined as string | undefined, now: 1_000_000 * minute, writes: 0 };
  const mails: Mail[] = [];
  const counts: number[] = [];
  const deps: Deps = {
    stage,
    readServices: async () => new Map(),
    readEnded: async () => new Map(),
    keepFaults: async (text) => void Object.assign(state, { text, writes: state.writes + 1 }),
    mail: async (mail) => void mails.push(mail),
    countFaults: (count) => void counts.push(count),
  };
  const run = (faults: readonly Fault[], more: Partial<Found> = {}, broken: Partial<Deps> = {}) => {
    const found = { clusters: ['demo'], tasks: [], services: [], ended: [], tick: undefined, now: state.now };
    return tellFaults({ ...found, faults, kept: parseKept(state.text).kept, ...more }, { ...deps, ...broken });
  };
  return {
    ...{ state, mails, counts, run },
    kept: (): Kept => parseKept(state.text).kept,
    /** The next tick, five minutes later. */
    tick: (faults: readonly Fault[], broken: Partial<Deps> = {}, more: Partial<Found> = {}) => {
      state.now += 5 * minute;
      return run(faults, { tick: 'first', ...more }, broken);
    },
  };
}
