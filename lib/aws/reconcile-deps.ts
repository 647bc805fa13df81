import type { EC2Client } from '@aws-sdk/client-ec2';
import type { ECSClient } from '@aws-sdk/client-ecs';
import { SendCommandCommand, type SSMClient } from '@aws-sdk/client-ssm';
import { namedSecrets } from '../edge/secrets';
import { metricsNamespace } from '../entrance/metrics';
import { probe } from '../entrance/probe';
import { log } from '../lambda';
import type { Deps } from '../reconcile';
import type { Settings } from '../settings';
import { always, doing } from './calls';
import { definitionReader } from './definitions';
import { hostReader } from './instances';
import { secretReader } from './parameters';
import { parameterStore } from './published';
import { taskReader, witnessReader } from './tasks';

type Clients = { readonly ecs: ECSClient; readonly ec2: EC2Client; readonly ssm: SSMClient };

/** The readers cache what cannot change. */
export function reconcileDeps({ ecs, ec2, ssm }: Clients, settings: Omit<Settings, 'queueUrl'>): Deps {
  const [readDefinitions, readHosts] = [definitionReader(ecs), hostReader(ecs, ec2)];
  const readSecrets = secretReader(ssm, settings.prefix);
  return {
    settings: settings.stageSettings,
    readTasks: taskReader(ecs, settings.clusters),
    readSurroundings: async (running) => {
      const { definitions, unread } = await readDefinitions(running);
      const { hosts, unread: unreadHosts } = await readHosts(running);
      const secrets = await readSecrets(namedSecrets(running, definitions));
      return { definitions, hosts, secrets, unread: [...unread, ...unreadHosts] };
    },
    readWitness: witnessReader(ecs),
    ...parameterStore(ssm, settings.prefix),
    nudge: nudge(ssm, settings),
    probe: probe({ ...settings, namespace: metricsNamespace(settings.prefix) }, log, Date.now),
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
