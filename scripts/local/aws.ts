import { randomBytes } from 'node:crypto';
import { packaged, type Variant } from '../real/package';
import { type Caller, type Handlers, startApi } from './api/api';
import { fail } from './api/errors';
import { firstRefused, judge } from './api/iam';
import { checksOf } from './api/iam-checks';
import type { Credentials } from './api/signature';
import { playIssuance } from './certificates/issuance';
import { queueHandlers } from './events/sqs';
import { wireEvents } from './events/wiring';
import type { Played } from './moment';
import { readStack, type Stack } from './package/stack';
import { region, stackId } from './package/template';
import { parameterStore } from './ssm/parameters';
import { type ManagedInstance, runCommand } from './ssm/run-command';

type Deps = Played & {
  readonly tickSeconds: number | undefined;
  /** `host:port` of each Elastic IP. */
  readonly addresses: readonly string[];
  readonly certificates: boolean;
  readonly variant: Variant;
};

/** Deploys the packaged stack, without ECS and instances: `connect` adds those. */
export async function deployStack(deps: Deps) {
  const { delays, timers, say, addresses } = deps;
  const [callers, handlers]: [Caller[], Record<string, Handlers[string]>] = [[], {}];
  const folder = await packaged(deps.variant);
  const api = await startApi(callers, handlers);
  deps.atEnd(api.stop);
  const stack = readStack(folder, api.endpoint, addresses);
  /** Instances and addresses that IAM knows by their tags, and instances whose agents have registered. */
  const [tagged, instances]: [Tagged[], ManagedInstance[]] = [[], []];
  const power = { isOn: true };
  const assume = (role: string, policies = stack.policies(role)) => newKey(callers, role, policies, tagged);

  const proxies = deps.certificates ? addresses.slice(0, stack.addresses.length) : undefined;
  const issuance = await playIssuance(stack.functions, proxies, deps);
  const environment = { AWS_REGION: region, AWS_ENDPOINT_URL: api.endpoint, ...issuance.environment };
  const isOn = () => power.isOn;
  const events = wireEvents(stack, { ...deps, assume, environment, isOn });
  const commands = runCommand(stack.documents, instances, { delayMs: delays.commandMs, timers, say, isOn });
  const parameters = parameterStore();
  const [metrics, mails]: [Metrics[], Mail[]] = [[], []];
  for (const part of [parameters, commands, issuance.route53]) Object.assign(handlers, part.handlers);
  const putMetrics = (input: Metrics) => void metrics.push(input);
  const publish = (mail: Mail) => ({ PublishResult: { MessageId: String(mails.push(mail)) } });
  const others = { 'cloudwatch:PutMetricData': putMetrics, 'sns:Publish': publish };
  Object.assign(handlers, queueHandlers(events.queues), others);

  return {
    ...{ stack, api, commands, parameters, issuance, assume },
    ...events,
    ...byHand(stack, events),
    ...{ metrics, mails, tagged, instances },
    connect: (more: Handlers): void => void Object.assign(handlers, more),
    switch: (now: boolean, held: 'held' | 'lost'): void => {
      power.isOn = now;
      api.switch(now);
      events.bus.switch(now, held);
      if (now) commands.release();
    },
  };
}

export type Aws = Awaited<ReturnType<typeof deployStack>>;

type Tagged = Pick<ManagedInstance, 'id' | 'tags'>;
type Metric = { readonly MetricName: string; readonly Dimensions?: { readonly member: readonly Dimension[] } };
type Dimension = { readonly Name: string; readonly Value: string };
/** The input of PutMetricData, which the sync calls. Metrics of the functions stay in their logs. */
type Metrics = { readonly Namespace: string; readonly MetricData: { readonly member: readonly Metric[] } };

/** The input of Publish; the topic's subscribers are not played. */
type Mail = { readonly TopicArn: string; readonly Subject: string; readonly Message: string };

/** Makes a key that acts in a role of the template, or by other policies. */
function newKey(
  callers: Caller[],
  role: string,
  policies: ReturnType<Stack['policies']>,
  tagged: readonly Tagged[],
): Credentials {
  const [id = '', secretAccessKey = '', sessionToken = ''] = [8, 20, 40].map((n) => randomBytes(n).toString('hex'));
  const credentials = { accessKeyId: `ASIA${id.toUpperCase()}`, secretAccessKey, sessionToken };
  const allows = judge(role, policies);
  const refused = (action: string, input: unknown) => firstRefused(allows, checksOf(action, input, tagged));
  callers.push({ ...credentials, role, refused });
  return credentials;
}

/** Acts as a person or CloudFormation would. */
const byHand = (stack: Stack, { bus, functions, invoke }: ReturnType<typeof wireEvents>) => ({
  tick: (): void => bus.tick(stack.schedules),
  /** Starts the schedules that lie half a day apart. */
  rareTick: (): void => bus.tick(stack.rareSchedules),
  invoke: (name: string, event: unknown) =>
    invoke(functions.find((each) => each.name.endsWith(`-${name}`)) ?? fail(`no function ${name}`), event),
  /** Sends the event that CloudFormation has made or changed the stack (AWS: CloudFormation, Stack Status Change event detail). */
  deployed: (status = 'UPDATE_COMPLETE'): void =>
    bus.put({
      source: 'aws.cloudformation',
      'detail-type': 'CloudFormation Stack Status Change',
      resources: [stackId],
      detail: { 'stack-id': stackId, 'status-details': { status, 'status-reason': '' } },
    }),
});
