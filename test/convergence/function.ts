import { EC2Client } from '@aws-sdk/client-ec2';
import { ECSClient } from '@aws-sdk/client-ecs';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';

import { comeBackSoon } from '../../lib/aws/queue';
import { reconcileDeps } from '../../lib/aws/reconcile-deps';
import type { Reflected } from '../../lib/fleet/evidence';
import { usualSettings } from '../../lib/haproxy/stage';
import { type Deps, type Message, reconcile } from '../../lib/reconcile';
import { type Queue, queueHandlers, type Message as Taken } from '../../scripts/local/events/sqs';
import type { Agenda } from './agenda';
import { type Ages, answer, fresh } from './answers';
import type { Cluster } from './cluster';
import { prefix, type Store } from './store';

/** The call of a run, counted from 0, that goes wrong, and how. */
export type Break = {
  readonly call: number;
  readonly how: 'killed' | 'throttled' | 'answer lost';
  /** In this many runs, one after the other. */
  readonly runs: number;
};

/** What one run read, and how it ended. */
export type Run = {
  readonly messages: readonly Message[];
  /** The tasks that ECS described. */
  readonly shown: readonly unknown[];
  /** The container instances that ECS described. */
  readonly hosts: ReadonlySet<string>;
  /** The services' own counts. */
  readonly counted: ReadonlyMap<string, number>;
  readonly nudges: number;
  /** Whether ECS answered from its newest copy. */
  readonly fresh: boolean;
  readonly ended: 'done' | 'failed' | 'killed';
};

type Model = {
  readonly agenda: Agenda;
  readonly cluster: Cluster;
  readonly store: Store;
  readonly queue: Queue;
  readonly nudged: () => void;
};
type Command = { readonly input: object; readonly constructor: { readonly name: string } };
type Plan = { broken: Break | undefined; ages: Ages; turned: boolean };

const names = {
  clusters: ['demo'],
  prefix,
  syncDocument: 'sync',
  proxyTag: 'test',
  alarmTopic: 'arn:aws:sns:test:1:a',
};
const settings = { ...names, addresses: [], certificates: [], stageSettings: usualSettings };
const nothingSeen = () => ({
  shown: [] as unknown[],
  hosts: new Set<string>(),
  counted: new Map<string, number>(),
  nudges: 0,
});
const failure = (name: string, message: string) => Object.assign(new Error(message), { name });
/** Paginators ask for an instance of the client's class. */
const client = <Client extends object>(of: { prototype: Client }, send: (command: Command) => Promise<object>) =>
  Object.assign(Object.create(of.prototype) as Client, { send });

/** The reconcile function as functions/reconcile.ts builds it, on clients that ask the model. */
export class Reconciler {
  readonly plan: Plan = { broken: undefined, ages: fresh, turned: false };
  private readonly bringBack: ReturnType<typeof comeBackSoon>;
  private deps: Deps;
  private reflected: Reflected = { tasks: new Map() };
  private seen = nothingSeen();
  private calls = 0;
  private isKilled = false;

  constructor(private readonly model: Model) {
    const { 'sqs:ChangeMessageVisibilityBatch': change } = queueHandlers([model.queue], () => model.agenda.now);
    const sqs = client(SQSClient, async ({ input }) => change(input as Parameters<typeof change>[0]));
    this.bringBack = comeBackSoon(sqs, `https://sqs.test/${model.queue.name}`);
    this.deps = this.build();
  }

  /** A new container: whatever was remembered is gone. */
  forget(): void {
    this.deps = this.build();
    this.reflected = { tasks: new Map() };
  }

  async run(taken: readonly Taken[]): Promise<Run> {
    [this.calls, this.isKilled, this.seen] = [0, false, nothingSeen()];
    const messages = taken.map(({ body, receives }) => ({ body, receives }));
    const { broken, ages } = this.plan;
    let ended: Run['ended'] = 'done';
    try {
      await reconcile(messages, this.deps, this.reflected);
      // Keeping the faults fails no run.
      if (this.isKilled) ended = 'killed';
    } catch (error) {
      if (broken === undefined && !/is repeated in seconds/.test((error as Error).message)) throw error;
      ended = this.isKilled ? 'killed' : 'failed';
    }
    const rest = broken && broken.runs > 1 ? { ...broken, runs: broken.runs - 1 } : undefined;
    Object.assign(this.plan, { broken: rest, ages: fresh });
    if (ended === 'killed') this.forget();
    if (ended === 'failed') await this.bringBack(taken.map(asRecord));
    return { messages, ...this.seen, fresh: ages.describe === 0, ended };
  }

  private build(): Deps {
    const send = (command: Command) => this.send(command);
    const [ecs, ec2] = [client(ECSClient, send), client(EC2Client, send)];
    const clients = { ecs, ec2, ssm: client(SSMClient, send), sns: client(SNSClient, send) };
    const quiet = { probe: async () => undefined, countFaults: () => undefined };
    return { ...reconcileDeps(clients, settings), ...quiet, now: () => this.model.agenda.now };
  }

  private async send(command: Command): Promise<object> {
    const { broken } = this.plan;
    const how = broken?.call === this.calls++ ? broken.how : undefined;
    if (how === 'killed') this.isKilled = true;
    if (this.isKilled || how === 'throttled') throw failure('ThrottlingException', 'Rate exceeded');
    const answered = this.perform(command.constructor.name.replace(/Command$/, ''), command.input);
    if (how === 'answer lost') throw failure('TimeoutError', 'socket hang up');
    return answered;
  }

  private perform(action: string, input: object): object {
    const { cluster, store, nudged } = this.model;
    if (/Parameter/.test(action)) return store.answer(action, input);
    if (action === 'SendCommand') {
      this.seen.nudges++;
      nudged();
      return { Command: { CommandId: 'command' } };
    }
    if (action === 'Publish') return { MessageId: 'mail' };
    const answered = answer(cluster, action, input, this.plan.ages, this.plan.turned);
    this.note(answered, input as { readonly services?: readonly string[] });
    return answered;
  }

  private note(answered: Answered, { services = [] }: { readonly services?: readonly string[] }): void {
    const { hosts, shown, counted } = this.seen;
    for (const { ec2InstanceId } of answered.containerInstances ?? []) hosts.add(ec2InstanceId.slice(2));
    shown.push(...(answered.tasks ?? []));
    for (const service of services) counted.set(service, 0);
    for (const { serviceName, runningCount } of answered.services ?? []) counted.set(serviceName, runningCount);
  }
}

type Answered = {
  readonly containerInstances?: readonly { readonly ec2InstanceId: string }[];
  readonly tasks?: readonly unknown[];
  readonly services?: readonly { readonly serviceName: string; readonly runningCount: number }[];
};

const asRecord = ({ id, handle = '', receives }: Taken) => ({
  messageId: id,
  receiptHandle: handle,
  attributes: { ApproximateReceiveCount: String(receives) },
});
