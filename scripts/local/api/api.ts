import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import { AwsError, denied, type Fault, faultError, refuse } from './errors';
import { bodyOf, type Served, serve } from './loopback';
import { type Credentials, claimedKey, verifySignature } from './signature';
import { isRest, parseQuery, parseRest, restError, restXml, toXml } from './xml';

/** Who may call, and what of a call its policies refuse: a resource, or nothing. */
export type Caller = Credentials & {
  readonly role: string;
  readonly refused: (action: string, input: unknown) => Promise<string | undefined>;
};

/** An answer, or a throw of AwsError. The key is the action as IAM names it. */
export type Handlers = Readonly<Record<string, (input: never) => unknown>>;

export type Call = {
  readonly at: number;
  readonly role: string;
  readonly action: string;
  readonly input: unknown;
  /** `answered`, or the code of the error. */
  outcome: string;
};

export type Api = Served & {
  /** Everything that was asked, in order. Calls of unknown keys are not among them. */
  readonly calls: readonly Call[];
  /** The next calls of an action fail, or only those with a text in what they ask. */
  readonly faults: { next(action: string, fault: Fault, times?: number, about?: string): void; clear(): void };
  /** The whole of AWS's API answers 503 while it is off. */
  switch(on: boolean): void;
};

type DueFault = { readonly action: string; readonly about: string; readonly fault: Fault; left: number };
type State = {
  readonly callers: readonly Caller[];
  readonly handlers: Handlers;
  readonly calls: Call[];
  readonly faults: DueFault[];
  isOn: boolean;
};

/** AWS's endpoints as one HTTP server on loopback: JSON 1.0 and 1.1 for ECS, SSM and SQS, Query for EC2, REST for Route 53. */
export async function startApi(callers: readonly Caller[], handlers: Handlers): Promise<Api> {
  const state: State = { callers, handlers, calls: [], faults: [], isOn: true };
  const served = await serve(async (request, response) => {
    const body = (await bodyOf(request)).toString();
    await answer(state, request, body).then(
      (output) => reply(request, response, 200, output),
      (error: Error) => replyError(request, response, error),
    );
  });
  return {
    ...served,
    calls: state.calls,
    faults: {
      next: (action, fault, left = 1, about = '') => void state.faults.push({ action, fault, left, about }),
      clear: () => void state.faults.splice(0),
    },
    switch: (isOn) => void Object.assign(state, { isOn }),
  };
}

async function answer(state: State, request: IncomingMessage, body: string): Promise<unknown> {
  if (!state.isOn) refuse('ServiceUnavailableException', 'Service Unavailable', 503);
  const call = { method: request.method ?? '', url: request.url ?? '/', headers: request.headers, body };
  const key = claimedKey(call);
  const caller =
    state.callers.find(({ accessKeyId }) => accessKeyId === key) ??
    refuse('UnrecognizedClientException', 'The security token included in the request is invalid.');
  await verifySignature(call, caller);
  return perform(state, caller, asked(request, body));
}

async function perform({ calls, faults, handlers }: State, caller: Caller, { operation, input }: Asked) {
  // A batch is authorized as its single action (AWS: Service Authorization Reference, Amazon SQS).
  const action = operation.replace(/^(sqs:\w+)Batch$/, '$1');
  const entry: Call = { at: Date.now(), role: caller.role, action, input, outcome: 'answered' };
  calls.push(entry);
  try {
    const refused = await caller.refused(action, input);
    if (refused) throw denied(caller.role, action, refused);
    const isDue = (each: DueFault) => each.action === action && JSON.stringify(input).includes(each.about);
    const fault = faults.find((each) => isDue(each) && each.left-- > 0)?.fault;
    if (typeof fault === 'object' && 'body' in fault) return new Verbatim(fault.body);
    if (typeof fault === 'object') await sleep(fault.lateMs);
    else if (fault === 'slow') await sleep(5_000);
    else if (fault) throw faultError[fault](caller.role, action);
    const handler = handlers[operation] as ((input: unknown) => unknown) | undefined;
    if (!handler) return refuse('UnknownOperationException', `the local world does not play ${operation}`);
    return await handler(input);
  } catch (error) {
    entry.outcome = error instanceof AwsError ? error.code : 'InternalFailure';
    throw error;
  }
}

/** A body to send as it is. */
class Verbatim {
  constructor(readonly body: string) {}
}

type Asked = { readonly operation: string; readonly input: unknown };

const services: Readonly<Record<string, string>> = {
  AmazonEC2ContainerServiceV20141113: 'ecs',
  AmazonSSM: 'ssm',
  AmazonSQS: 'sqs',
  GraniteServiceVersion20100801: 'cloudwatch',
};

const isQuery = ({ headers }: IncomingMessage): boolean => headers['x-amz-target'] === undefined;

function asked(request: IncomingMessage, body: string): Asked {
  const { method = '', url = '/' } = request;
  if (isRest(url)) return parseRest(method, url, body);
  if (isQuery(request)) {
    const { Action, ...input } = parseQuery(body);
    return { operation: `${signedService(request)}:${Action}`, input };
  }
  const [service = '', operation] = String(request.headers['x-amz-target']).split('.');
  return { operation: `${services[service] ?? service}:${operation}`, input: JSON.parse(body || '{}') };
}

/** The service that a request is signed for. */
const signedService = ({ headers }: IncomingMessage): string =>
  /Credential=[^/]+\/\d+\/[^/]+\/(\w+)\//
    .exec(String(headers.authorization))?.[1]
    ?.replace('monitoring', 'cloudwatch') ?? '';

function replyError(request: IncomingMessage, response: ServerResponse, error: Error): void {
  const { code, status } = error instanceof AwsError ? error : { code: 'InternalFailure', status: 500 };
  if (code === 'cut') return void request.socket.destroy();
  if (code === 'InternalFailure') console.error('the local world failed:', error);
  // EC2 answers AuthFailure to a request that is signed wrongly or with an unknown key (AWS: EC2 API error codes).
  const isEc2 = signedService(request) === 'ec2';
  const isAuthentication = isEc2 && /^(InvalidSignature|UnrecognizedClient)Exception$/.test(code);
  const output = errorOutput(request, isAuthentication ? 'AuthFailure' : code, error.message);
  reply(request, response, isAuthentication ? 401 : status, output);
}

function errorOutput(request: IncomingMessage, Code: string, Message: string): unknown {
  if (isRest(request.url ?? '')) return new Verbatim(restError(Code, Message));
  if (!isQuery(request)) return { __type: Code, message: Message };
  if (signedService(request) !== 'ec2') return { Error: { Type: 'Sender', Code, Message } };
  return { Errors: { Error: { Code, Message } } };
}

function reply(request: IncomingMessage, response: ServerResponse, status: number, output: unknown): void {
  const type = isQuery(request)
    ? 'text/xml;charset=UTF-8'
    : (request.headers['content-type'] ?? 'application/x-amz-json-1.1');
  response.writeHead(status, { 'content-type': type, 'x-amzn-requestid': randomUUID() });
  if (output instanceof Verbatim) return void response.end(output.body);
  if (isRest(request.url ?? '')) return void response.end(restXml(output as object));
  response.end(isQuery(request) ? `<Response>${toXml(output)}</Response>` : JSON.stringify(output ?? {}));
}
