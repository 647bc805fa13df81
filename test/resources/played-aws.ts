import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';

import { type Served, serve } from '../../scripts/local/api/loopback';

export type Answer = readonly [status: number, body: string, headers?: Readonly<Record<string, string>>];

export type Also = (request: IncomingMessage, body: string) => Answer | undefined;
export type Says = Record<string, Answer | ((asked: string) => Answer)>;

/** AWS for one test file: says what it was told to, the last answer again and again, and remembers what it was asked. */
export function playedAws() {
  let served: Served;
  const answer = (request: IncomingMessage, asked: string, body: string): Answer => {
    const own = aws.says[actionOf(request, body)];
    const said = aws.also?.(request, body) ?? (typeof own === 'function' ? own(asked) : own);
    return said ?? (aws.answers.length > 1 ? aws.answers.shift() : aws.answers[0]) ?? [500, ''];
  };
  const aws = {
    asked: [] as string[],
    answers: [] as Answer[],
    /** By the action's name; what it does not know, the answers above say. */
    says: {} as Says,
    /** Asked before all others, with the headers. */
    also: undefined as Also | undefined,
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
      const body = await text(request);
      const asked = `${request.method} ${request.url} ${body}`;
      aws.asked.push(asked);
      const [status, said, headers] = answer(request, asked, body);
      const type = said.startsWith('<') ? 'text/xml' : 'application/x-amz-json-1.1';
      response.writeHead(status, { 'content-type': type, ...headers }).end(said);
    });
  });
  beforeEach(() => void Object.assign(aws, { asked: [], answers: [], says: {}, also: undefined }));
  afterAll(() => served.stop());
  return aws;
}

/** As the JSON, the Query and the REST protocols name it. */
function actionOf({ method, url = '', headers }: IncomingMessage, body: string): string {
  const target = headers['x-amz-target'];
  if (typeof target === 'string') return target.replace(/^.*\./, '');
  const action = new URLSearchParams(body).get('Action');
  if (action !== null) return action;
  if (/\/rrset/.test(url)) return 'ListResourceRecordSets';
  return /\/hostedzone\//.test(url) ? 'GetHostedZone' : `${method} ${url}`;
}

/** As Route 53 describes a hosted zone. */
export const zone = (name: string, isPrivate = false): Answer => [
  200,
  `<GetHostedZoneResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><HostedZone><Id>/hostedzone/Z0SLUICETEST</Id>
   <Name>${name}.</Name><CallerReference>1</CallerReference><Config><PrivateZone>${isPrivate}</PrivateZone></Config>
   </HostedZone>${
     isPrivate ? '' : `<DelegationSet><NameServers>${nameServers.map(server).join('')}</NameServers></DelegationSet>`
   }</GetHostedZoneResponse>`,
];

const nameServers = ['ns-1.example.awsdns.test', 'ns-2.example.awsdns.test'];
const server = (name: string) => `<NameServer>${name}.</NameServer>`;

/** As the Query and REST APIs refuse. */
export const refusal = (status: number, code: string, message: string): Answer => [
  status,
  `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`,
];
