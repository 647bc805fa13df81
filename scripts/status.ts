// `npm run status`: checks AWS, every proxy and every address of a stage, with your own credentials.
import { printable, printableJson } from '../lib/printable';
import { type Options, readOptions, usage } from './status/options';
import { printed } from './status/print';
import { clientsWith, named } from './status/stage';
import { lookAt } from './status/status';

void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});

async function main(args: readonly string[]): Promise<number> {
  let options: Options;
  try {
    options = readOptions(args);
  } catch (error) {
    console.error(`status: ${printable((error as Error).message)}\n\n${usage}`);
    return 2;
  }
  const { region, stage, json } = options;
  const checks = await lookAt(clientsWith({ region }), named(stage, region), Date.now).catch((error: Error) => error);
  if (checks instanceof Error) {
    console.error(`status: ${printable(checks.message)}`);
    return 1;
  }
  const ok = checks.every((check) => check.ok);
  const coloured = process.stdout.isTTY === true && !process.env.NO_COLOR;
  process.stdout.write(json ? `${printableJson({ stage, region, ok, checks }, 2)}\n` : printed(checks, coloured));
  return ok ? 0 : 1;
}
