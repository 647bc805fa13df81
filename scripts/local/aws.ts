import { randomBytes } from 'node:crypto';

import { type Caller, type Handlers, startApi } from './api/api';
import { firstRefused, judge } from './api/iam';
import { checksOf } from './api/iam-checks';
import type { Credentials } from './api/signature';
import { playIssuance } from './certificates/issuance';
import { metrics } from './cloudwatch';
import type { Delays } from './delays';
import { type Event, eventBridge, period } from './events/eventbridge';
import { playFunctions } from './events/functions';
import type { Invocation } from './events/lambda';
import { pollQueue } from './events/mapping';
import { type Message, newQueue, queueHandlers, sendMessage } from './events/sqs';
import type { Say } from './moment';
import { packaged, type Variant } from './package/package';
import { type Document, readStack, type Target } from './package/stack';
import { region, stackId } from './package/template';
import type { Processes } from './processes';
import { parameterStore } from './ssm/parameters';
import { type ManagedInstance, runCommand } from './ssm/run-command';
import type { Timers } from './timers';

type Deps = {
  readonly delays: Delays;
  readonly timers: Timers;
  readonly processes: Processes;
  readonly say: Say;
  readonly tickSeconds: number | undefined;
  /** What the Elastic IPs are here, `host:port`. */
  readonly addresses: readonly string[];
  /** With a real CA and real DNS. */
  readonly certificates: boolean;
  readonly variant: Variant;
  readonly atEnd: (stop: () => Promise<void>) => void;
};

/** The stack as it would be deployed, without ECS and without instances: `connect` brings those. */
export async function deployStack(deps: Deps) {
  const { delays, timers, processes, say, tickSeconds, addresses, certificates, atEnd } = deps;
  const folder = await packaged(deps.variant);
  const callers: Caller[] = [];
  const handlers: Record<string, Handlers[string]> = {};
  const api = await startApi(callers, handlers);
  atEnd(api.stop);
  const stack = readStack(folder, api.endpoint, addresses);
  const surroundings = { AWS_REGION: region, AWS_DEFAULT_REGION: region, AWS_ENDPOINT_URL: api.endpoint };
  const instances: ManagedInstance[] = [];
  const tagged: Pick<ManagedInstance, 'id' | 'tags'>[] = [];
  let on = true;

  /** A new key that acts in a role of the template, or by other policies. */
  function assume(role: string, policies = stack.policies(role)): Credentials {
    const [id = '', secretAccessKey = '', sessionToken = ''] = [8, 20, 40].map((n) => randomBytes(n).toString('hex'));
    const credentials = { accessKeyId: `ASIA${id.toUpperCase()}`, secretAccessKey, sessionToken };
    const allows = judge(role, policies);
    const refused = (action: string, input: unknown) => firstRefused(allows, checksOf(action, input, tagged));
    callers.push({ ...credentials, role, refused });
    return credentials;
  }

  const deadLetters: Message[] = [];
  const queues = stack.queues.map((properties) => newQueue(properties, deadLetters));
  const queueOf = (arn: string) => queues.find((queue) => queue.arn === arn) ?? fail(`no queue ${arn} in the template`);
  const enqueue = ({ Arn, SqsParameters }: Target, body: string): void => {
    const called = functions.find(({ name }) => Arn.endsWith(`:function:${name}`));
    if (called) return void invoke(called, JSON.parse(body));
    const { MessageGroupId = '' } = SqsParameters ?? {};
    sendMessage(queueOf(Arn), { MessageBody: body, MessageGroupId }, Date.now());
    say('event', `the queue gets ${summary(body)}`);
  };
  const bus = eventBridge(stack.rules, delays.eventMs, timers, enqueue);
  const tick = () => bus.tick(stack.schedules);
  for (const schedule of stack.schedules) {
    timers.every((tickSeconds ?? period(schedule.ScheduleExpression)) * 1000, () => bus.tick([schedule]));
  }

  const issuance = await playIssuance(
    stack.functions,
    certificates ? addresses.slice(0, stack.addresses.length) : undefined,
    { processes, atEnd },
  );
  const invocations: Invocation[] = [];
  const { functions, runs, invoke } = playFunctions(
    stack,
    { ...surroundings, ...issuance.environment },
    { assume, processes, say },
  );
  for (const { EventSourceArn, FunctionName, BatchSize = 10 } of stack.mappings) {
    const target =
      functions.find(({ name }) => FunctionName.endsWith(`:${name}`)) ??
      fail(`no function ${FunctionName} in the template`);
    pollQueue(
      queueOf(EventSourceArn),
      target,
      { batchSize: BatchSize, delayMs: delays.queueMs, timers, isOn: () => on },
      (invocation) => {
        invocations.push(invocation);
        say('reconciled', `${target.name} ${told(invocation)}`);
      },
    );
  }

  const commands = runCommand(stack.documents, instances, { delayMs: delays.commandMs, timers, say, isOn: () => on });
  const parameters = parameterStore();
  const cloudwatch = metrics();
  Object.assign(handlers, cloudwatch.handlers);
  Object.assign(handlers, parameters.handlers, queueHandlers(queues), commands.handlers, issuance.route53.handlers);

  return {
    stack,
    api,
    bus,
    queues,
    deadLetters,
    functions,
    invocations,
    commands,
    parameters,
    /** The metrics that were put by a call. */
    metrics: cloudwatch.put,
    tick,
    issuance,
    /** What functions did that no queue invokes. */
    runs,
    /** Somebody invokes a function by hand. */
    invoke: (name: string, event: unknown) =>
      invoke(functions.find((each) => each.name.endsWith(`-${name}`)) ?? fail(`no function ${name}`), event),
    /** CloudFormation has made or changed the stack (AWS: CloudFormation, Stack Status Change event detail). */
    deployed: (status = 'UPDATE_COMPLETE'): void =>
      bus.put({
        source: 'aws.cloudformation',
        'detail-type': 'CloudFormation Stack Status Change',
        resources: [stackId],
        detail: { 'stack-id': stackId, 'status-details': { status, 'status-reason': '' } },
      }),
    /**
     * Another package is deployed over this one, without its event. CloudFormation makes the new document first; then it takes what
     * names it, in any order; at last, in the clean-up, it deletes the old one (AWS: update behaviors of stack resources, replacement).
     */
    redeploy: (from: string, ...parts: readonly Redeployed[]): void => {
      const next = readStack(from, api.endpoint, addresses);
      if (parts.includes('functions'))
        for (const [index, properties] of next.functions.entries()) functions[index]?.update(properties, from);
      const isNew = ({ Name }: Document) => next.documents.some((document) => document.Name === Name);
      const old = stack.documents.filter((document) => !isNew(document));
      if (parts.includes('documents')) stack.documents.splice(0, Infinity, ...old, ...next.documents);
      if (parts.includes('associations')) stack.associations.splice(0, Infinity, ...next.associations);
      if (parts.includes('templates')) stack.groups.splice(0, Infinity, ...next.groups);
      if (parts.includes('cleanup')) stack.documents.splice(0, Infinity, ...stack.documents.filter(isNew));
    },
    /** The schedules that lie half a day apart, now. */
    rareTick: (): void => bus.tick(stack.rareSchedules),
    assume,
    /** Where AWS is, for a machine that is told its region otherwise. */
    surroundings: { AWS_ENDPOINT_URL: api.endpoint },
    /** Instances and addresses that IAM knows by their tags. */
    tagged,
    /** Instances whose agents have registered. */
    instances,
    connect: (more: Handlers): void => void Object.assign(handlers, more),
    switch: (now: boolean, events: 'held' | 'lost'): void => {
      on = now;
      api.switch(now);
      bus.switch(now, events);
      if (now) commands.release();
    },
  };
}

/** Steps of an update. */
export type Redeployed = 'documents' | 'functions' | 'associations' | 'templates' | 'cleanup';

export type Aws = Awaited<ReturnType<typeof deployStack>>;

function summary(body: string): string {
  const {
    'detail-type': type,
    source,
    detail,
  } = JSON.parse(body) as Partial<Event> & { detail?: Record<string, string> };
  const task = detail?.taskArn?.replace(/^.*\//, '').slice(0, 4);
  return task
    ? `${type}: task ${task} ${detail?.lastStatus}, wanted ${detail?.desiredStatus}`
    : (type ?? `a message of ${source}`);
}

function told({ durationMs, event, outcome, result, error }: Invocation): string {
  const count = (event as { Records: unknown[] }).Records.length;
  const { reason = JSON.stringify(result) } = (result ?? {}) as { reason?: string };
  return `${outcome} after ${durationMs} ms with ${count} message${count === 1 ? '' : 's'}: ${error ?? reason}`;
}

const fail = (message: string): never => {
  throw new Error(message);
};
