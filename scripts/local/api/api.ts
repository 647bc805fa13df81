import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { bodyOf, serve } from '../../real/loopback';
import { AwsError, denied, type Fault, faultError, refuse } from './errors';
import { type Credentials, claimOf, verifySignature } from './signature';
import { isRest, parseQuery, parseRest, singular, toXml } from './xml';

/** A key that may call. `refused` returns the resource that its policies refuse, if there is one. */
export type Caller = Credentials & {
  readonly role: string;
  readonly refused: (action: string, input: unknown) => Promise<string | undefined>;
};

/** By the action as IAM names it. A handler returns the answer or throws AwsError. */
export type Handlers = Readonly<Record<string, (input: never) => unknown>>;

export type Call = {
  readonly at: number;
  readonly role: string;
  readonly action: string;
  readonly input: unknown;
  /** `answered`, or the code of the error. */
  outcome: string;
};

type DueFault = { readonly action: string; readonly about: string; readonly fault: Fault; left: number };
type State = {
  readonly callers: readonly Caller[];
  readonly handlers: Handlers;
  readonly calls: Call[];
  readonly faults: DueFault[];
  isOn: boolean;
};

/** AWS's endpoints as one HTTP server on loopback: JSON 1.0 and 1.1 for ECS, SSM and SQS, Query for EC2, REST for Route 53 and Lambda. */
export async function startApi(callers: readonly Caller[], handlers: Handlers) {
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
    /** All calls in order, except those of unknown keys. */
    calls: state.calls as readonly Call[],
    /** Lets the next calls of an action fail, or only those whose input contains a text. */
    faults: {
      next: (action: string, fault: Fault, left = 1, about = ''): void =>
        void state.faults.push({ action, fault, left, about }),
      clear: (): void => void state.faults.splice(0),
    },
    /** The whole API answers 503 while it is off. */
    switch: (isOn: boolean): void => void Object.assign(state, { isOn }),
  };
}

export type Api = Awaited<ReturnType<typeof startApi>>;

async function answer(state: State, request: IncomingMessage, body: string): Promise<unknown> {
  if (!state.isOn) refuse('ServiceUnavailableException', 'Service Unavailable', 503);
  const call = { method: request.method ?? '', url: request.url ?? '/', headers: request.headers, body };
  const { key } = claimOf(request.headers);
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
    if (typeof fault === 'string') throw faultError(fault, caller.role, action);
    if (fault && 'body' in fault) return new Verbatim(fault.body);
    if (fault) await sleep(fault.lateMs);
    const handler = handlers[operation] as ((input: unknown) => unknown) | undefined;
    if (!handler) return refuse('UnknownOperationException', `the local world does not play ${operation}`);
    return await handler(input);
  } catch (error) {
    entry.outcome = error instanceof AwsError ? error.code : 'InternalFailure';
    throw error;
  }
}

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

const isXml = ({ headers, url = '' }: IncomingMessage): boolean =>
  headers['x-amz-target'] === undefined && !url.startsWith('/2015-03-31/');

function asked(request: IncomingMessage, body: string): Asked {
  const { method = '', url = '/' } = request;
  if (isRest(url)) return parseRest(method, url, body);
  if (isXml(request)) {
    const { Action, ...input } = parseQuery(body);
    return { operation: `${signedService(request)}:${Action}`, input };
  }
  const [service = '', operation] = String(request.headers['x-amz-target']).split('.');
  return { operation: `${services[service] ?? service}:${operation}`, input: JSON.parse(body || '{}') };
}

/** The service that a request is signed for. */
const signedService = ({ headers }: IncomingMessage): string =>
  claimOf(headers).service.replace('monitoring', 'cloudwatch');

function replyError(request: IncomingMessage, response: ServerResponse, error: Error): void {
  const { code, status } = error instanceof AwsError ? error : { code: 'InternalFailure', status: 500 };
  if (code === 'cut') return void request.socket.destroy();
  if (code === 'InternalFailure') console.error('the local world failed:', error);
  if (!isXml(request)) return void reply(request, response, status, { __type: code, message: error.message });
  const ofError = (Code: string) => ({ Error: { Type: 'Sender', Code, Message: error.message } });
  if (signedService(request) !== 'ec2') return void reply(request, response, status, ofError(code));
  // EC2 answers AuthFailure to a request that is signed wrongly or with an unknown key (AWS: EC2 API error codes).
  const isAuthentication = /^(InvalidSignature|UnrecognizedClient)Exception$/.test(code);
  const Errors = ofError(isAuthentication ? 'AuthFailure' : code);
  reply(request, response, isAuthentication ? 401 : status, { Errors });
}

function reply(request: IncomingMessage, response: ServerResponse, status: number, output: unknown): void {
  const json = request.headers['content-type'] ?? 'application/x-amz-json-1.1';
  const type = isXml(request) ? 'text/xml;charset=UTF-8' : json;
  response.writeHead(status, { 'content-type': type, 'x-amzn-requestid': randomUUID() });
  if (output instanceof Verbatim) return void response.end(output.body);
  if (!isXml(request)) return void response.end(JSON.stringify(output ?? {}));
  const xml = toXml(output, isRest(request.url ?? '') ? singular : undefined);
  response.end(`<?xml version="1.0"?><Response>${xml}</Response>`);
}
