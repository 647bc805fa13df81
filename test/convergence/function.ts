import { EC2Client } from '@aws-sdk/client-ec2';
import { ECSClient } from '@aws-sdk/client-ecs';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';

import { comeBackSoon } from '../../lib/aws/queue';
import { reconcileDeps } from '../../lib/aws/reconcile-deps';
import type { Reflected } from '../../lib/fleet/evidence';
import { type Message, reconcile } from '../../lib/reconcile';
import type { Agenda } from './agenda';
import { type Ages, answer, fresh } from './answers';
import type { Cluster } from './cluster';
import type { Break, Run } from './run';
import { prefix, type Store } from './store';

type World = {
  readonly agenda: Agenda;
  readonly cluster: Cluster;
  readonly store: Store;
  readonly nudged: (generation: number) => void;
};

type Command = { readonly input: object; readonly constructor: { readonly name: string } };

const settings = {
  clusters: ['demo'],
  prefix,
  syncDocument: 'sync',
  proxyTag: 'test',
  addresses: [],
  certificates: [],
};

/** The reconcile function as functions/reconcile.ts builds it, on clients that ask the model. */
export function newFunction({ agenda, cluster, store, nudged }: World, queueVisibility: number) {
  let calls = 0;
  let killed = false;
  const nothing = () => ({
    shown: [] as unknown[],
    hosts: new Set<string>(),
    counted: new Map<string, number>(),
    nudges: 0,
  });
  let run = nothing();
  let bringBack = 0;
  const plan: { broken: Break | undefined; ages: Ages; turned: boolean } = {
    broken: undefined,
    ages: fresh,
    turned: false,
  };

  const perform = (action: string, input: object): object => {
    if (action === 'SendCommand') run.nudges++;
    if (action === 'SendCommand')
      nudged(Number((input as { Parameters: { Generation: string[] } }).Parameters.Generation[0]));
    if (action === 'SendCommand') return { Command: { CommandId: 'command' } };
    if (/Parameter/.test(action)) return store.answer(action, input);
    const told = answer(cluster, action, input, plan.ages, plan.turned);
    if ('containerInstances' in told) {
      for (const { ec2InstanceId } of told.containerInstances as { ec2InstanceId: string }[])
        run.hosts.add(ec2InstanceId.slice(2));
    }
    if ('tasks' in told) run.shown.push(...(told.tasks as unknown[]));
    if ('services' in told) {
      for (const service of (input as { services: string[] }).services) run.counted.set(service, 0);
      for (const { serviceName, runningCount } of told.services as { serviceName: string; runningCount: number }[])
        run.counted.set(serviceName, runningCount);
    }
    return told;
  };
  const send = async (command: Command): Promise<object> => {
    const { input } = command;
    const broken = plan.broken?.call === calls++ ? plan.broken.how : undefined;
    if (broken === 'killed') killed = true;
    if (killed || broken === 'throttled')
      throw Object.assign(new Error('Rate exceeded'), { name: 'ThrottlingException' });
    const told = perform(command.constructor.name.replace(/Command$/, ''), input);
    if (broken === 'answer lost') throw Object.assign(new Error('socket hang up'), { name: 'TimeoutError' });
    return told;
  };
  /** Paginators ask for an instance of the client's class. */
  const client = <Client extends object>(of: { prototype: Client }): Client =>
    Object.assign(Object.create(of.prototype) as Client, { send });

  const build = () => ({
    ...reconcileDeps({ ecs: client(ECSClient), ec2: client(EC2Client), ssm: client(SSMClient) }, settings),
    probe: async () => undefined,
    now: () => agenda.now,
    reflected: { tasks: new Map() } as Reflected,
  });
  let deps = build();

  const queue = Object.assign(Object.create(SQSClient.prototype) as SQSClient, {
    send: async ({ input }: { input: { Entries: { VisibilityTimeout: number }[] } }) => {
      bringBack = Math.max(...input.Entries.map(({ VisibilityTimeout }) => VisibilityTimeout));
      return { Successful: [], Failed: [] };
    },
  });

  return {
    plan,
    /** A new container: whatever was remembered is gone. */
    forget: () => {
      deps = build();
    },
    run: async (messages: readonly Message[]): Promise<Run> => {
      [calls, killed, run, bringBack] = [0, false, nothing(), 0];
      const planned = plan.broken !== undefined;
      const isFresh = plan.ages.describe === 0;
      try {
        await reconcile(messages, deps, deps.reflected);
      } catch (error) {
        if (!planned && !/look again/.test((error as Error).message)) throw error;
        const taken = messages.map(({ receives }) => ({
          messageId: '',
          receiptHandle: '',
          attributes: { ApproximateReceiveCount: String(receives) },
        }));
        if (!killed) await comeBackSoon(queue, 'queue')(taken);
        if (killed) deps = build();
        return {
          messages,
          ...run,
          fresh: isFresh,
          ended: killed ? 'killed' : 'failed',
          backAfter: killed ? queueVisibility : bringBack,
        };
      } finally {
        const { broken } = plan;
        Object.assign(plan, {
          broken: broken && broken.runs > 1 ? { ...broken, runs: broken.runs - 1 } : undefined,
          ages: fresh,
        });
      }
      return { messages, ...run, fresh: isFresh, ended: 'done', backAfter: 0 };
    },
  };
}
