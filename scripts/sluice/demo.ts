import { spawn } from 'node:child_process';
import { once } from 'node:events';

import type { Run } from './verb';

/** As a child, because its set-up may install HAProxy and an ACME server. */
export const run: Run = async (_given, { root }, ...args) => {
  const child = spawn('npm', ['run', '--silent', 'demo', '--', ...args], { cwd: root, stdio: 'inherit' });
  // Ctrl-C reaches the child too, which then cleans up.
  process.on('SIGINT', () => {});
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
};
