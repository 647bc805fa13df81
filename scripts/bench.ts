// `npm run bench -- edge`: what Sluice costs HAProxy. `-- --help` lists the benches, `-- edge --help` the options of one.
import { appendFileSync, writeFileSync } from 'node:fs';

import { edge } from './bench/edge';
import { lines } from './bench/lines';
import { type Options, readOptions, usage } from './bench/options';
import { type Processes, processes } from './real/processes';

export type Result = { readonly forPeople: string; readonly forPrograms: object };
type Bench = (options: Options, processes: Processes) => Promise<Result>;

const benches: Readonly<Record<string, Bench>> = {
  edge: (options, started) => (options.lines ? lines : edge)(options, started),
};

void main(process.argv.slice(2)).then((code) => process.exit(code));

/** Returns the exit code: 2 for invalid arguments, 1 for a bench that could not measure. */
async function main([name = '', ...args]: readonly string[]): Promise<number> {
  if ([name, ...args].includes('--help')) {
    console.log(usage);
    return 0;
  }
  const bench = benches[name];
  let options: Options;
  try {
    if (bench === undefined)
      throw new Error(`no bench is called "${name}"; there is: ${Object.keys(benches).join(', ')}`);
    options = readOptions(args);
    // Two minutes from now would be late to learn that it cannot be written.
    if (options.json !== undefined) appendFileSync(options.json, '');
  } catch (error) {
    console.error(`bench: ${(error as Error).message}\n\n${usage}`);
    return 2;
  }
  return run(bench, options);
}

/** Ctrl-C needs no handler: what was started ends with this process. */
async function run(bench: Bench, options: Options): Promise<number> {
  const started = processes();
  try {
    const { forPeople, forPrograms } = await bench(options, started);
    console.log(forPeople);
    if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(forPrograms, null, 2)}\n`);
    return 0;
  } catch (error) {
    console.error(`bench: ${(error as Error).message}`);
    return 1;
  } finally {
    await started.stop();
  }
}
