import { GetQueueAttributesCommand, GetQueueUrlCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { Stage } from '../stage';
import { type Check, fine, wrong } from './check';
import type { Clients } from './clients';

export type Waiting = { readonly waiting: number; readonly inFlight: number };

async function count(sqs: SQSClient, QueueName: string): Promise<Waiting> {
  const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName }));
  const AttributeNames = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const;
  const asked = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...AttributeNames] });
  const { Attributes = {} } = await sqs.send(asked);
  const [waiting = 0, inFlight = 0] = AttributeNames.map((name) => Number(Attributes[name]));
  if (Number.isNaN(waiting + inFlight)) throw new Error(`SQS did not return how many messages wait in ${QueueName}`);
  return { waiting, inFlight };
}

/** How many messages wait for reconcile. */
export const countWaiting = ({ sqs }: Clients, { queue }: Stage): Promise<Waiting> => count(sqs, queue);

/** Queue moving: compares with what waited some seconds ago. */
export async function queueChecks({ sqs }: Clients, stage: Stage, before: Waiting): Promise<readonly Check[]> {
  const [now, dead] = [await count(sqs, stage.queue), await count(sqs, stage.deadLetters)];
  const read = `read the log group ${stage.log('reconcile')} for "failed", and correct what it names`;
  const trigger = stage.aws(`lambda list-event-source-mappings --function-name sluice-${stage.stage}-reconcile`);
  const stands = now.waiting > 0 && now.inFlight === 0 && now.waiting >= before.waiting && before.waiting > 0;
  return [
    stands
      ? wrong(
          'queue',
          `${now.waiting} messages wait, and no function takes them`,
          `${trigger} shows whether the function's trigger is Enabled; else ${read}`,
        )
      : fine(
          'queue',
          now.waiting + now.inFlight === 0 ? 'empty' : `${now.waiting + now.inFlight} messages, in progress`,
        ),
    dead.waiting > 0
      ? wrong('dead letters', `${dead.waiting} messages failed five times`, `${read}; then purge ${stage.deadLetters}`)
      : fine('dead letters', 'none'),
  ];
}
