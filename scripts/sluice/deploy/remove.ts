import { wrapped } from '../../terminal/wrap';
import { answered, clack } from '../ask';
import { type Run, Stop } from '../verb';
import { startOf } from './follow';
import { runPackager } from './run';

const nothing = 'nothing was removed';

export const run: Run = async (given, deps) => {
  const { stage, region, yes } = given;
  const { terminal, questions = clack } = deps;
  if (yes !== true && !terminal.isInteractive)
    throw new Stop(`Nobody can be asked here, so ${nothing}: --yes removes stage ${stage}.`, 2);
  const start = await startOf('remove', stage, region, deps);
  if (start.stackId === undefined)
    throw new Stop(`There is no stack ${start.stack} in ${region}, so ${nothing}. Check --stage and --region.`);
  for (const each of consequences(stage, region)) terminal.say(wrapped(each, terminal.columns, 2));
  if (yes !== true) {
    const typed = await answered(
      questions.text(`Type the name of the stage to remove it:`, '', (answer) =>
        answer === stage ? undefined : `This is stage ${stage}; Ctrl-C keeps it`,
      ),
      nothing,
    );
    if (typed !== stage) throw new Stop(`"${typed}" is not ${stage}, so ${nothing}.`);
  }
  return runPackager(start, given, deps);
};

const consequences = (stage: string, region: string): readonly string[] => [
  `This removes stage ${stage} in ${region}: visitors get no answer from then on.`,
  'It deletes the proxies and their addresses, which never come back; records, alarms and functions; certificates, secrets and all else that is' +
    ' stored for the stage; and the network and the cluster that the stack created.',
  'It keeps your settings, the hosted zone, log groups that you created, and the account’s service-linked roles. Services of your own in the' +
    ' stack’s cluster, and what else of yours is in its network, you delete first.',
];
