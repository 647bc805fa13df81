import { GetQueueAttributesCommand, GetQueueUrlCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { MalformedAnswer } from '../../../lib/aws/calls';
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
  if (Number.isNaN(waiting + inFlight)) throw new MalformedAnswer(`SQS did not return the messages in ${QueueName}`);
  return { waiting, inFlight };
}

/** How many messages wait for reconcile. */
export const countWaiting = ({ sqs }: Clients, { queue }: Stage): Promise<Waiting> => count(sqs, queue);

const looks = 4;
const betweenMs = 3_000;

/** Looks again while nothing seems to move: between two runs of a busy function a look may find a message that waits. */
export async function queueChecks(
  { sqs }: Clients,
  stage: Stage,
  before: Waiting,
  pause: (ms: number) => Promise<void>,
): Promise<readonly Check[]> {
  let now = await count(sqs, stage.queue);
  let stands = isStill(before, now);
  for (let look = 1; stands && look < looks; look += 1) {
    await pause(betweenMs);
    const then = now;
    now = await count(sqs, stage.queue);
    stands = isStill(then, now);
  }
  return [moving(now, stands, stage), letters(await count(sqs, stage.deadLetters), stage)];
}

/** No function took a message between the two looks. */
const isStill = (before: Waiting, now: Waiting): boolean =>
  before.waiting > 0 && before.inFlight === 0 && now.inFlight === 0 && now.waiting >= before.waiting;

const readLog = ({ log }: Stage): string =>
  `read the log group ${log('reconcile')} for "failed", and correct what it names`;

function moving({ waiting, inFlight }: Waiting, stands: boolean, stage: Stage): Check {
  const trigger = stage.aws(`lambda list-event-source-mappings --function-name sluice-${stage.stage}-reconcile`);
  if (stands)
    return wrong(
      'queue',
      `${counted(waiting)} ${waiting === 1 ? 'waits' : 'wait'}, and no function takes them`,
      `${trigger} shows whether the function's trigger is Enabled; else ${readLog(stage)}`,
    );
  return fine('queue', waiting + inFlight === 0 ? 'empty' : `${counted(waiting + inFlight)}, in progress`);
}

const letters = ({ waiting }: Waiting, stage: Stage): Check =>
  waiting > 0
    ? wrong(
        'dead letters',
        `${counted(waiting)} failed five times`,
        `${readLog(stage)}; then purge ${stage.deadLetters}`,
      )
    : fine('dead letters', 'none');

const counted = (count: number): string => (count === 1 ? '1 message' : `${count} messages`);
