import { AutoScalingClient, StartInstanceRefreshCommand } from '@aws-sdk/client-auto-scaling';
import { EC2Client } from '@aws-sdk/client-ec2';

import { wrapped } from '../../terminal/wrap';
import { answered, clack } from '../ask';
import { named, type Stage } from '../stage';
import { type Deps, type Given, type Run, Stop } from '../verb';
import {
  type Clients,
  followRefresh,
  goesOn,
  instancesOf,
  isRunning,
  type Refresh,
  refreshOf,
  type Slot,
  slotsOf,
} from './follow';

const nothing = 'nothing was replaced';

export const run: Run = async (given, deps, word = '') => {
  const { terminal, config } = deps;
  const stage = named(given.stage, given.region);
  const clients = {
    autoscaling: new AutoScalingClient(config(stage.region)),
    ec2: new EC2Client(config(stage.region)),
  };
  const slots = await slotsOf(clients, stage);
  const slot = slotNamed(word, slots, stage);
  const group = stage.group(slot.slot);
  // Read before anything changes: what may not be read could not be followed.
  await instancesOf(clients, group);
  const last = await refreshOf(clients, group);
  const running = last && isRunning(last) ? last.id : undefined;
  if (running !== undefined) terminal.say(`Proxy ${slot.slot} is being replaced already: following that.`);
  else await agree(slot, slots.length, given, deps);
  const id = running ?? (await start(clients, group));
  const what = { stage, slot, group, id };
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.once('SIGINT', interrupt);
  try {
    const refresh = await followRefresh(what, clients, deps, stop.signal).finally(() => terminal.progress(''));
    if (refresh === undefined) {
      terminal.complain(`Stopped looking. ${goesOn(stage, group)}`);
      return 130;
    }
    return conclude(refresh, slot, stage, deps);
  } catch (error) {
    if (error instanceof Stop) throw error;
    terminal.complain(`The replacement cannot be seen any more. ${goesOn(stage, group)}`);
    throw error;
  } finally {
    process.off('SIGINT', interrupt);
  }
};

function slotNamed(word: string, slots: readonly Slot[], { stage, region }: Stage): Slot {
  const found = slots.find(({ slot }) => slot === word);
  if (found) return found;
  if (slots.length === 0)
    throw new Stop(`Stage ${stage} has no proxies in ${region}, so ${nothing}. Check --stage and --region.`);
  throw new Stop(`There is no proxy ${word}: stage ${stage} has ${slots.map(({ slot }) => slot).join(', ')}.`, 2);
}

/** As docs/operations.md measures it. */
async function agree(slot: Slot, proxies: number, { yes, stage }: Given, deps: Deps): Promise<void> {
  const { terminal, questions = clack } = deps;
  if (yes !== true && !terminal.isInteractive)
    throw new Stop(`Nobody can be asked here, so ${nothing}: --yes replaces proxy ${slot.slot} of stage ${stage}.`, 2);
  const price =
    proxies === 1
      ? 'While the address moves, new connections wait about a second.'
      : 'While the address moves, clients that try the next address lose nothing.';
  terminal.say(
    wrapped(
      `A new instance boots and serves, usually after four minutes; then it takes ${slot.address}. ${price} Open connections are cut.`,
      terminal.columns,
      0,
    ),
  );
  if (yes === true || (await answered(questions.confirm(`Replace proxy ${slot.slot} of stage ${stage}?`), nothing)))
    return;
  throw new Stop(`Stopped: ${nothing}.`);
}

async function start({ autoscaling }: Clients, AutoScalingGroupName: string): Promise<string> {
  const { InstanceRefreshId = '' } = await autoscaling.send(new StartInstanceRefreshCommand({ AutoScalingGroupName }));
  return InstanceRefreshId;
}

function conclude(
  { status, reason }: Refresh,
  slot: Slot,
  { stage, region, aws, group }: Stage,
  { terminal }: Deps,
): number {
  const look = `\`npx sluice status --stage ${stage} --region ${region}\``;
  if (status === 'Successful') {
    terminal.say(`Proxy ${slot.slot} is replaced. ${look} shows whether all is well.`);
    return 0;
  }
  const why = aws(
    `autoscaling describe-scaling-activities --auto-scaling-group-name ${group(slot.slot)} --max-items 3`,
  );
  throw new Stop(
    `Auto Scaling ended the replacement (${status}): ${reason || 'it says no reason'}. The address stays with an instance that serves;` +
      ` ${why} and ${look} show more. Correct that, then run the same command again.`,
  );
}
