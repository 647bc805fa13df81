import { parseArgs } from 'node:util';

export type Options = { readonly once: boolean; readonly json?: string };

export const usage = `npm run demo -- [--once] [--json FILE]

  --once       end after the story, with exit code 0 only if no request failed
  --json FILE  write what was measured to FILE`;

/** @throws when the arguments are not what `usage` says; the message names the fault. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: { once: { type: 'boolean', default: false }, json: { type: 'string' } },
  });
  if (values.json === '') throw new Error('--json needs the name of a file');
  return { once: values.once, ...(values.json === undefined ? {} : { json: values.json }) };
}
