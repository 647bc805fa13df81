import type { Run } from '../verb';
import { waitForCertificates } from './certificate';
import { startOf } from './follow';
import { runPackager } from './run';

export const run: Run = async (given, deps) => {
  const { stage, region, wait } = given;
  deps.terminal.say(`Deploying stage ${stage} in ${region}.`);
  const start = await startOf('deploy', stage, region, deps);
  return runPackager(start, given, deps, async (stop) => {
    if (wait === true) await waitForCertificates(stage, region, deps, stop);
  });
};
