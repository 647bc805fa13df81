import { type Served, serve } from '../../scripts/local/loopback';

export type Answer = readonly [status: number, body: string];

/** AWS for one test file: says what it was told to, the last answer again and again, and remembers what it was asked. */
export function playedAws() {
  let served: Served;
  const aws = {
    asked: [] as string[],
    answers: [] as Answer[],
    endpoint: () => served.endpoint,
    /** A real client of it. */
    client: <Client>(Type: new (config: object) => Client) =>
      new Type({
        endpoint: served.endpoint,
        region: 'eu-west-2',
        credentials: { accessKeyId: 'AKIALOCAL', secretAccessKey: 'secret' },
        maxAttempts: 1,
      }),
  };
  beforeAll(async () => {
    served = await serve(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      aws.asked.push(`${request.method} ${request.url} ${body}`);
      const [status, text] = (aws.answers.length > 1 ? aws.answers.shift() : aws.answers[0]) ?? [500, ''];
      response.writeHead(status, { 'content-type': text.startsWith('<') ? 'text/xml' : 'application/x-amz-json-1.1' });
      response.end(text);
    });
  });
  beforeEach(() => {
    aws.asked = [];
  });
  afterAll(() => served.stop());
  return aws;
}

/** As Route 53 describes a hosted zone. */
export const zone = (name: string, isPrivate = false): Answer => [
  200,
  `<GetHostedZoneResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><HostedZone><Id>/hostedzone/Z0SLUICETEST</Id>
   <Name>${name}.</Name><CallerReference>1</CallerReference><Config><PrivateZone>${isPrivate}</PrivateZone></Config>
   </HostedZone></GetHostedZoneResponse>`,
];

/** As the Query and REST APIs refuse. */
export const refusal = (status: number, code: string, message: string): Answer => [
  status,
  `<ErrorResponse><Error><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`,
];
