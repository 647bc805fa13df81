import { setTimeout as pause } from 'node:timers/promises';

import { main } from '../../scripts/sluice/main';
import type { Deps } from '../../scripts/sluice/verb';
import { terminalOf } from '../../scripts/terminal/terminal';

export type Said = { readonly code: number; readonly output: string; readonly complaints: string };

type Surroundings = Partial<Omit<Deps, 'terminal'>> & { readonly columns?: number; readonly isTTY?: boolean };

/** Runs the command in this process, with a terminal that remembers. */
export async function sluice(
  args: readonly string[],
  { columns = 80, isTTY = false, ...deps }: Surroundings = {},
): Promise<Said> {
  const [output, complaints]: [string[], string[]] = [[], []];
  const into = (texts: string[]) => ({ columns, isTTY, write: (text: string) => texts.push(text) });
  const code = await main(args, {
    terminal: terminalOf(into(output), into(complaints), false, deps.questions !== undefined),
    config: (region) => ({ region }),
    now: Date.now,
    pause: async () => {},
    resolve: async () => ['127.0.0.1'],
    root: process.cwd(),
    cwd: process.cwd(),
    ...deps,
  });
  return { code, output: output.join(''), complaints: complaints.join('') };
}

/** What a look at a stage needs besides AWS. */
export const quiet = { now: Date.now, pause: (ms: number) => pause(ms), progress: () => undefined };
