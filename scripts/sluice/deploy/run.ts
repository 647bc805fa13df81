import type { Deps, Given } from '../verb';
import { follow, type Start } from './follow';
import { startPackager } from './packager';
import { type Followed, stateOf } from './progress';

export type Ended = { readonly code: number; readonly followed: Followed };

/**
 * Runs a command of the packager and prints how far it is. Ctrl-C ends the packager and the look; CloudFormation goes on. `then` is what
 * follows a success.
 */
export async function runPackager(
  start: Start,
  { stage, region, force }: Given,
  deps: Deps,
  then: (stop: AbortSignal) => Promise<void> = async () => {},
): Promise<number> {
  const { kind } = start;
  const stop = new AbortController();
  const args = [kind, '--stage', stage, '--region', region, ...(force === true ? ['--force'] : [])];
  deps.terminal.progress(`${kind === 'deploy' ? 'Checking, packaging and uploading' : 'Checking'} …`);
  const packager = startPackager(args, deps);
  const interrupt = () => {
    packager.interrupt();
    stop.abort();
  };
  process.once('SIGINT', interrupt);
  try {
    const [code, followed] = await Promise.all([packager.exit, follow(start, packager, deps, stop.signal)]);
    packager.conclude();
    if (code === 0 && !stop.signal.aborted) await then(stop.signal);
    if (!stop.signal.aborted) return code === 0 && !/ROLLBACK/.test(stateOf(followed)) ? 0 : 1;
    deps.terminal.progress('');
    deps.terminal.complain(afterInterrupt(followed));
    return 130;
  } finally {
    process.off('SIGINT', interrupt);
  }
}

function afterInterrupt(followed: Followed): string {
  const { stack, region, kind } = followed;
  const state = `\`aws cloudformation describe-stacks --stack-name ${stack} --query "Stacks[0].StackStatus" --region ${region}\``;
  if (stateOf(followed) === '')
    return `Stopped before CloudFormation was seen to begin; ${state} shows whether it did.`;
  const cancel =
    kind === 'deploy'
      ? `; \`aws cloudformation cancel-update-stack --stack-name ${stack} --region ${region}\` takes an update back`
      : '';
  return `Stopped looking: CloudFormation goes on by itself. ${state} shows how far it is${cancel}.`;
}
