// What a month costs, line by line, for a single box, Sluice with your settings, and an ALB.
import { writeFileSync } from 'node:fs';

import { callsFile, readCalls } from '../cost/calls';
import { estimate } from '../cost/estimate';
import { readOptions, type Settled, standard } from '../cost/options';
import { report } from '../cost/report';
import { type Run, Stop } from './verb';

/** The settings that a price depends on; settings.cjs derives them. */
export type Priced = {
  readonly region: string;
  readonly proxies: number;
  readonly proxyInstanceType: string;
  readonly taskInstanceTypes: readonly string[];
  readonly taskCapacity: string;
  readonly own: boolean;
  readonly alb: boolean;
  readonly albPercent: number;
  readonly dns: string;
};

const { readFile } = require('../../resources/settings/file.cjs') as {
  readFile: () => { readonly path: string; readonly empty?: string };
};
const { settingsOf } = require('../../resources/settings.cjs') as { settingsOf: (stage: string) => Promise<Priced> };

export const run: Run = async (given, { terminal }) => {
  const { path, empty } = readFile();
  const settings = empty === undefined ? await settingsOf(given.stage).catch(stop) : undefined;
  const options = orStop(() => readOptions(given, settings ? settled(settings) : standard));
  if (given.measure) {
    // Imported here, because a bill does not need the local world.
    const { measure } = await import('../cost/measure');
    writeFileSync(callsFile, `${JSON.stringify(await measure(new Date().toISOString().slice(0, 10)), null, 2)}\n`);
    terminal.complain('measured, and written to scripts/cost/calls.json');
  }
  const estimated = orStop(() => estimate(options, readCalls()));
  const of = settings ? `stage ${given.stage} of ${path}` : `the defaults, because there is no ${path}`;
  terminal.say(given.json ? JSON.stringify(estimated, null, 2) : report(estimated, options, terminal.columns, of));
  return 0;
};

export const settled = (settings: Priced): Settled => ({
  region: settings.region,
  proxies: settings.proxies,
  proxyType: settings.proxyInstanceType,
  hostType: settings.taskInstanceTypes[0] ?? standard.hostType,
  capacity: settings.taskCapacity,
  ...{ own: settings.own, alb: settings.alb, albPercent: settings.albPercent },
  hasRecords: settings.dns !== 'none',
});

function stop({ message }: Error): never {
  throw new Stop(message, 2);
}

/** A wrong option, or a price that is not known. */
function orStop<Result>(calculate: () => Result): Result {
  try {
    return calculate();
  } catch (error) {
    return stop(error as Error);
  }
}
