import type { EC2Client } from '@aws-sdk/client-ec2';
import type { ECSClient } from '@aws-sdk/client-ecs';
import { PublishCommand, type SNSClient } from '@aws-sdk/client-sns';
import { SendCommandCommand, type SSMClient } from '@aws-sdk/client-ssm';
import type { Deps as ReadDeps } from '../decide';
import { namedSecrets } from '../edge/secrets';
import { embedded, metricsNamespace } from '../entrance/metrics';
import { probe } from '../entrance/probe';
import type { Mail } from '../faults/tell';
import { log } from '../lambda';
import type { Deps } from '../reconcile';
import type { Settings } from '../settings';
import { always, doing, within } from './calls';
import { definitionReader } from './definitions';
import { hostReader } from './instances';
import { secretReader } from './parameters';
import { faultKeeper, parameterStore } from './published';
import { serviceReader } from './services';
import { taskReader } from './tasks';

type Clients = {
  readonly ecs: ECSClient;
  readonly ec2: EC2Client;
  readonly ssm: SSMClient;
  readonly sns: SNSClient;
};

/** All that a run does in AWS. */
export function reconcileDeps(clients: Clients, settings: Omit<Settings, 'queueUrl'>): Deps {
  const { ecs, ssm, sns } = clients;
  const namespace = metricsNamespace(settings.prefix);
  // arn:aws:sns:<region>:…
  const [, , , region = ''] = settings.alarmTopic.split(':');
  return {
    ...readDeps(clients, settings),
    stage: { name: settings.prefix.replace(/^.*\//, ''), region },
    ...serviceReader(ecs),
    ...parameterStore(ssm, settings.prefix),
    keepFaults: faultKeeper(ssm, settings.prefix),
    nudge: nudge(ssm, settings),
    mail: mailer(sns, settings.alarmTopic),
    countFaults: (value) => log('faults', embedded(namespace, Date.now(), { Faults: { value, unit: 'Count' } })),
    probe: probe({ ...settings, namespace }, log, Date.now),
  };
}

/** All that a run reads. The readers cache what cannot change. */
export function readDeps(
  { ecs, ec2, ssm }: Omit<Clients, 'sns'>,
  { clusters, prefix, stageSettings }: Pick<Settings, 'clusters' | 'prefix' | 'stageSettings'>,
): ReadDeps {
  const [readDefinitions, readHosts] = [definitionReader(ecs), hostReader(ecs, ec2)];
  const readSecrets = secretReader(ssm, prefix);
  const { readWitness } = serviceReader(ecs);
  const { readPublished } = parameterStore(ssm, prefix);
  return {
    settings: stageSettings,
    readTasks: taskReader(ecs, clusters),
    readSurroundings: async (running) => {
      const defined = readDefinitions(running).then(async (read) => {
        return { ...read, secrets: await readSecrets(namedSecrets(running, read.definitions)) };
      });
      const [{ unread, ...definitions }, { hosts, unread: unreadHosts }] = await Promise.all([
        defined,
        readHosts(running),
      ]);
      return { ...definitions, hosts, unread: [...unread, ...unreadHosts] };
    },
    ...{ readWitness, readPublished },
    now: Date.now,
  };
}

type Target = { readonly syncDocument: string; readonly proxyTag: string };

/** The Run Command may arrive late, or twice. */
const nudge =
  (client: SSMClient, { syncDocument, proxyTag }: Target) =>
  async (generation: number): Promise<void> => {
    const sent = client.send(
      new SendCommandCommand({
        DocumentName: syncDocument,
        Targets: [{ Key: 'tag:SluiceProxy', Values: [proxyTag] }],
        Parameters: { Generation: [String(generation)] },
        Comment: `generation ${generation}`,
        // How long SSM tries to deliver it; the next tick sends another (AWS: SendCommand, at least 30 seconds).
        TimeoutSeconds: 300,
      }),
    );
    const accepted = sent.then(({ Command }) => always('Command', Command));
    await doing(`Nudging the proxies to generation ${generation} with ${syncDocument}`, accepted);
  };

const mailPatienceMs = 3_000;
const hourMs = 3_600_000;

/** Sends the same mail once an hour, even if it cannot be written down that it was sent. */
function mailer(client: SNSClient, TopicArn: string): Deps['mail'] {
  let last = { body: '', at: 0 };
  return async ({ subject: Subject, body: Message }: Mail) => {
    if (last.body === Message && Date.now() - last.at < hourMs) return;
    const sent = client.send(new PublishCommand({ TopicArn, Subject, Message }));
    const accepted = sent.then(({ MessageId }) => always('MessageId', MessageId));
    const what = `Mailing to topic ${TopicArn.replace(/^.*:/, '')}`;
    await within(mailPatienceMs, what, doing(what, accepted, 'the next tick tries again'));
    last = { body: Message, at: Date.now() };
  };
}
