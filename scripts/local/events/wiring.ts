import { createHash } from 'node:crypto';

import { fail } from '../api/errors';
import type { Credentials } from '../api/signature';
import type { Played } from '../moment';
import type { Stack, Target } from '../package/stack';
import { region } from '../package/template';
import { type Event, eventBridge, period } from './eventbridge';
import { type Invocation, type LambdaFunction, playFunctions } from './lambda';
import { deleteMessage, type Message, newQueue, type Queue, receiveMessages, sendMessage } from './sqs';

type Deps = Omit<Played, 'atEnd'> & {
  readonly tickSeconds: number | undefined;
  readonly assume: (role: string) => Credentials;
  /** Variables of every function, in addition to the template's. */
  readonly environment: Readonly<Record<string, string>>;
  readonly isOn: () => boolean;
};

/** Connects the packaged rules, schedules, queues and functions. */
export function wireEvents(stack: Stack, deps: Deps) {
  const { delays, timers, say, tickSeconds } = deps;
  const deadLetters: Message[] = [];
  const queues = stack.queues.map((properties) => newQueue(properties, deadLetters));
  const { functions, runs, invoke } = playFunctions(stack, deps.environment, deps);
  const enqueue = ({ Arn, SqsParameters }: Target, body: string): void => {
    const called = functions.find(({ name }) => Arn.endsWith(`:function:${name}`));
    if (called) return void invoke(called, JSON.parse(body));
    const { MessageGroupId = '' } = SqsParameters ?? {};
    sendMessage(withArn(queues, Arn), { MessageBody: body, MessageGroupId }, Date.now());
    say('event', `the queue gets ${summary(body)}`);
  };
  const bus = eventBridge(stack.rules, { delayMs: delays.eventMs, timers, enqueue });
  for (const schedule of stack.schedules)
    timers.every((tickSeconds ?? period(schedule.ScheduleExpression)) * 1000, () => bus.tick([schedule]));
  const invocations: Invocation[] = [];
  for (const { EventSourceArn, FunctionName, BatchSize = 10 } of stack.mappings) {
    const target = functions.find(({ name }) => FunctionName.endsWith(`:${name}`)) ?? fail(`no ${FunctionName}`);
    const queue = withArn(queues, EventSourceArn);
    timers.every(delays.queueMs, async () => {
      const invocation = deps.isOn() ? await invokeWithBatch(queue, target, BatchSize) : undefined;
      if (invocation === undefined) return;
      invocations.push(invocation);
      say('reconciled', `${target.name} ${summaryOf(invocation)}`);
    });
  }
  return { bus, queues, deadLetters, functions, invocations, runs, invoke };
}

const withArn = (queues: readonly Queue[], arn: string): Queue =>
  queues.find((queue) => queue.arn === arn) ?? fail(`the template has no queue ${arn}`);

/**
 * The event source mapping: hands a batch to the function, one at a time for one message group, and deletes what succeeded.
 * What failed stays invisible until its visibility ends (AWS: Using Lambda with Amazon SQS).
 */
async function invokeWithBatch(queue: Queue, { invoke }: LambdaFunction, size: number) {
  const batch = receiveMessages(queue, Date.now(), Math.min(size, 10));
  if (batch.length === 0) return undefined;
  const handles = batch.map(({ handle = '' }) => handle);
  const invocation = await invoke({ Records: batch.map((message) => record(message, queue.arn)) });
  if (invocation.outcome === 'succeeded') for (const handle of handles) deleteMessage(queue, handle, Date.now());
  return invocation;
}

const record = (message: Message, arn: string) => ({
  messageId: message.id,
  receiptHandle: message.handle,
  body: message.body,
  attributes: {
    ApproximateReceiveCount: String(message.receives),
    SentTimestamp: String(message.sentAt),
    SequenceNumber: message.sequence,
    MessageGroupId: message.group,
    SenderId: 'AIDAIENQZJOLO23YVJ4VO',
    MessageDeduplicationId: message.deduplicationId,
    ApproximateFirstReceiveTimestamp: String(message.firstReceivedAt),
  },
  messageAttributes: {},
  md5OfBody: createHash('md5').update(message.body).digest('hex'),
  eventSource: 'aws:sqs',
  eventSourceARN: arn,
  awsRegion: region,
});

type Body = Partial<Event> & { readonly detail?: Readonly<Record<string, string>> };

function summary(body: string): string {
  const { 'detail-type': type, source, detail } = JSON.parse(body) as Body;
  const task = detail?.taskArn?.replace(/^.*\//, '').slice(0, 4);
  return task
    ? `${type}: task ${task} ${detail?.lastStatus}, wanted ${detail?.desiredStatus}`
    : (type ?? `a message of ${source}`);
}

function summaryOf({ durationMs, event, outcome, result, error }: Invocation): string {
  const count = (event as { Records: unknown[] }).Records.length;
  const { reason = JSON.stringify(result) } = (result ?? {}) as { reason?: string };
  return `${outcome} after ${durationMs} ms with ${count} message${count === 1 ? '' : 's'}: ${error ?? reason}`;
}
