import { SendCommandCommand, type SSMClient } from '@aws-sdk/client-ssm';

import { doing } from './doing';
import { always } from './malformed';

type Target = { readonly syncDocument: string; readonly proxyTag: string };

/** Tells every proxy of the stage, by Run Command, to be at least at a generation. Late is harmless, and so is twice. */
export const nudge =
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
