import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';

import { AwsError } from '../../scripts/local/api/errors';
import { verifySignature } from '../../scripts/local/api/signature';
import { isRest, singular, toXml } from '../../scripts/local/api/xml';
import { type Served, serve } from '../../scripts/real/loopback';

type Answer = object | AwsError;
export type Says = Record<string, Answer | ((asked: string) => Answer)>;
export type Reply = readonly [status: number, body: string, headers?: Readonly<Record<string, string>>];
type Also = (request: IncomingMessage) => Reply | undefined;

const keys = { accessKeyId: 'AKIALOCAL', secretAccessKey: 'secret', sessionToken: '' };
const notPlayed = new AwsError('InternalFailure', 'this is not played', 500);

/** AWS for one test file. It answers signed requests as each test says, and keeps what it was asked: method, path and body. */
export function playedAws() {
  let served: Served;
  const aws = {
    asked: [] as string[],
    /** By the action's name. */
    says: {} as Says,
    /** For every action that `says` does not name. */
    otherwise: notPlayed as Answer,
    /** Asked before `says`; it looks at no signature. */
    also: undefined as Also | undefined,
    endpoint: () => served.endpoint,
  };
  beforeAll(async () => {
    served = await serve(async (request, response) => {
      const body = await text(request);
      const asked = `${request.method} ${request.url} ${body}`;
      aws.asked.push(asked);
      const action = actionOf(request, body);
      const said = aws.says[action] ?? aws.otherwise;
      const right = () => replyOf(request, body, action, typeof said === 'function' ? said(asked) : said);
      const wrong = (error: Answer) => replyOf(request, body, action, error);
      const { method = '', url = '' } = request;
      const signed = () => verifySignature({ method, url, headers: request.headers, body }, keys).then(right, wrong);
      const [status, output, headers] = aws.also?.(request) ?? (await signed());
      const type = output.startsWith('<') ? 'text/xml' : 'application/x-amz-json-1.1';
      response.writeHead(status, { 'content-type': type, ...headers }).end(output);
    });
  });
  beforeEach(() => void Object.assign(aws, { asked: [], says: {}, otherwise: notPlayed, also: undefined }));
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

/** The answer in the protocol of the request: JSON, REST, EC2's Query protocol or that of the other services. */
function replyOf({ headers, url = '' }: IncomingMessage, body: string, action: string, answer: Answer): Reply {
  const { code: Code, status = 200, message: Message } = answer as Partial<AwsError>;
  const isError = answer instanceof AwsError;
  if (headers['x-amz-target']) return [status, JSON.stringify(isError ? { __type: Code, message: Message } : answer)];
  const isEc2 = body.includes('Version=2016-11-15');
  if (isError && isEc2) return [status, toXml({ Response: { Errors: { Error: { Code, Message } } } })];
  if (isError) return [status, toXml({ ErrorResponse: { Error: { Type: 'Sender', Code, Message } } })];
  if (isEc2) return [status, toXml({ Response: answer })];
  if (isRest(url)) return [status, toXml({ Response: answer }, singular)];
  return [status, toXml({ [`${action}Response`]: { [`${action}Result`]: answer } }, () => 'member')];
}

/** As Route 53 describes a hosted zone; only a public one has name servers. */
export const zone = (name: string, isPrivate = false) => ({
  HostedZone: {
    ...{ Id: '/hostedzone/Z0SLUICETEST', Name: `${name}.`, CallerReference: 1, Config: { PrivateZone: isPrivate } },
  },
  ...(!isPrivate && { DelegationSet: { NameServers: ['ns-1.example.awsdns.test.', 'ns-2.example.awsdns.test.'] } }),
});
