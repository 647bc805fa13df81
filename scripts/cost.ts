// `sluice cost`: what a month costs, line by line, for a single box, Sluice and an ALB.
import { writeFileSync } from 'node:fs';

import { callsFile, readCalls } from './cost/calls';
import { estimate } from './cost/estimate';
import { type Options, readOptions, usage } from './cost/options';
import { report } from './cost/report';

/** Returns the exit code. */
export async function runCost(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    console.log(usage);
    return 0;
  }
  let options: Options;
  try {
    options = readOptions(args);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    return 2;
  }
  if (options.measure) {
    // Imported here, because a bill does not need the local world.
    const { measure } = await import('./cost/measure');
    writeFileSync(callsFile, `${JSON.stringify(await measure(new Date().toISOString().slice(0, 10)), null, 2)}\n`);
    console.log('measured, and written to scripts/cost/calls.json');
  }
  const estimated = estimate(options, readCalls());
  console.log(options.json ? JSON.stringify(estimated, null, 2) : report(estimated, options));
  return 0;
}
