import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Api, Call } from '../../scripts/local/api/api';
import { AwsError, type Fault, faultError } from '../../scripts/local/api/errors';
import { claimOf, verifySignature } from '../../scripts/local/api/signature';
import { isRest, singular, toXml } from '../../scripts/local/api/xml';
import { type Served, serve } from '../../scripts/real/loopback';

type Answer = object | AwsError;
export type Says = Record<string, Answer | ((asked: string) => Answer)>;
export type Reply = readonly [status: number, body: string, headers?: Readonly<Record<string, string>>];
type Also = (request: IncomingMessage) => Reply | undefined;
type DueFault = { readonly action: string; readonly fault: Fault; left: number };

const keys = { accessKeyId: 'AKIALOCAL', secretAccessKey: 'secret', sessionToken: '' };
const notPlayed = new AwsError('InternalFailure', 'this is not played', 500);

/** AWS for one test file. It answers signed requests as each test says, and keeps what it was asked: method, path and body. */
export function playedAws() {
  let served: Served;
  const due: DueFault[] = [];
  const aws = {
    asked: [] as string[],
    /** The same, as the local world keeps them: `service:Action`, all by one user. */
    calls: [] as Call[],
    faults: faultsOf(due),
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
      const call = callOf(request, body, actionOf(request, body));
      aws.calls.push(call);
      const fault = due.find((each) => each.action === call.action && each.left-- > 0)?.fault;
      if (fault === 'cut') return void request.socket.destroy();
      if (typeof fault === 'object' && 'lateMs' in fault) await sleep(fault.lateMs);
      const said = aws.says[actionOf(request, body)] ?? aws.otherwise;
      const answer = () => faulty(fault, call.action) ?? (typeof said === 'function' ? said(asked) : said);
      const [status, output, headers] = aws.also?.(request) ?? (await replyTo(request, body, answer));
      const type = output.startsWith('<') ? 'text/xml' : 'application/x-amz-json-1.1';
      response.writeHead(status, { 'content-type': type, ...headers }).end(output);
    });
  });
  beforeEach(() => {
    due.splice(0);
    Object.assign(aws, { asked: [], calls: [], says: {}, otherwise: notPlayed, also: undefined });
  });
  afterAll(() => served.stop());
  return aws;
}

const faultsOf = (due: DueFault[]): Api['faults'] => ({
  next: (action, fault, left = 1) => void due.push({ action, fault, left }),
  clear: () => void due.splice(0),
});

/** What is answered instead; a text is sent as it is. */
function faulty(fault: Fault | undefined, action: string): Answer | string | undefined {
  if (typeof fault === 'string') return faultError(fault, 'user', action);
  return fault && 'body' in fault ? fault.body : undefined;
}

async function replyTo(request: IncomingMessage, body: string, answer: () => Answer | string): Promise<Reply> {
  const { method = '', url = '', headers } = request;
  const action = actionOf(request, body);
  const reply = (given: Answer | string): Reply =>
    typeof given === 'string' ? [200, given] : replyOf(request, body, action, given);
  return verifySignature({ method, url, headers, body }, keys).then(() => reply(answer()), reply);
}

function callOf({ headers }: IncomingMessage, body: string, action: string): Call {
  const service = claimOf(headers).service.replace('monitoring', 'cloudwatch');
  const input = headers['x-amz-target'] ? JSON.parse(body || '{}') : Object.fromEntries(new URLSearchParams(body));
  return { at: Date.now(), role: 'user', action: `${service}:${action}`, input, outcome: '' };
}

/** As the JSON, the Query and the REST protocols name it. */
function actionOf({ method, url = '', headers }: IncomingMessage, body: string): string {
  const target = headers['x-amz-target'];
  if (typeof target === 'string') return target.replace(/^.*\./, '');
  const action = new URLSearchParams(body).get('Action');
  if (action !== null) return action;
  if (/\/rrset/.test(url)) return 'ListResourceRecordSets';
  if (/\/hostedzone(\?|$)/.test(url)) return 'ListHostedZones';
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
