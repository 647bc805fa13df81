import { serve } from '../../scripts/real/loopback';

/** What a custom resource answered (AWS: Custom resource response objects). */
export type Answer = {
  readonly Status: 'SUCCESS' | 'FAILED';
  readonly Reason?: string;
  readonly PhysicalResourceId: string;
};

/** CloudFormation makes, changes or deletes a custom resource, and waits at an address of its own for the answer. */
export async function customResource(
  invoke: (event: object) => Promise<unknown>,
  RequestType: 'Create' | 'Update' | 'Delete',
  more: object = {},
): Promise<Answer> {
  let told: (answer: Answer) => void = () => {};
  const answer = new Promise<Answer>((resolve) => {
    told = resolve;
  });
  const { endpoint, stop } = await serve(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    response.writeHead(200).end();
    told(JSON.parse(Buffer.concat(chunks).toString()) as Answer);
  });
  try {
    const event = { RequestType, ResponseURL: `${endpoint}/answer`, StackId: 'arn:stack', RequestId: RequestType };
    const resource = { ResourceType: 'Custom::StageParameters', LogicalResourceId: 'StageParameters' };
    await invoke({ ...event, ...resource, PhysicalResourceId: '/sluice/dev', ...more });
    return await answer;
  } finally {
    await stop();
  }
}
