import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import { AwsError, denied, type Fault, faultError } from './errors';
import { type Served, serve } from './loopback';
import { parseQuery, toXml } from './query';
import { isRest, parseRest, restError, restXml } from './rest-xml';
import { type Credentials, claimedKey, verifySignature } from './signature';

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

/** AWS's endpoints as one HTTP server on loopback: JSON 1.0 and 1.1 for ECS, SSM and SQS, Query for EC2, REST for Route 53. */
export async function startApi(callers: readonly Caller[], handlers: Handlers): Promise<Api> {
  const calls: Call[] = [];
  const faults: { action: string; about: string; fault: Fault; left: number }[] = [];
  const dueFault = (action: string, input: unknown): Fault | undefined => {
    const isDue = (each: { action: string; about: string }) =>
      each.action === action && JSON.stringify(input).includes(each.about);
    return faults.find((each) => isDue(each) && each.left-- > 0)?.fault;
  };
  let on = true;

  const answer = async (request: IncomingMessage, body: string): Promise<unknown> => {
    if (!on) throw new AwsError('ServiceUnavailableException', 'Service Unavailable', 503);
    const call = { method: request.method ?? '', url: request.url ?? '/', headers: request.headers, body };
    const caller = callers.find(({ accessKeyId }) => accessKeyId === claimedKey(call));
    if (!caller)
      throw new AwsError('UnrecognizedClientException', 'The security token included in the request is invalid.');
    await verifySignature(call, caller);
    return perform(caller, asked(request, body));
  };

  const perform = async (caller: Caller, { operation, input }: Asked): Promise<unknown> => {
    // A batch is authorized as its single action (AWS: Service Authorization Reference, Amazon SQS).
    const action = operation.replace(/^(sqs:\w+)Batch$/, '$1');
    const entry: Call = { at: Date.now(), role: caller.role, action, input, outcome: 'answered' };
    calls.push(entry);
    try {
      const refused = await caller.refused(action, input);
      if (refused) throw denied(caller.role, action, refused);
      const fault = dueFault(action, input);
      if (typeof fault === 'object' && 'body' in fault) return new Verbatim(fault.body);
      if (typeof fault === 'object') await sleep(fault.lateMs);
      else if (fault === 'slow') await sleep(5_000);
      else if (fault) throw faultError[fault](caller.role, action);
      const handler = handlers[operation] as ((input: unknown) => unknown) | undefined;
      if (!handler) throw new AwsError('UnknownOperationException', `the local world does not play ${operation}`);
      return await handler(input);
    } catch (error) {
      entry.outcome = error instanceof AwsError ? error.code : 'InternalFailure';
      throw error;
    }
  };

  const served = await serve(async (request, response) => {
    const body = await text(request);
    await answer(request, body).then(
      (output) => reply(request, response, 200, output),
      (error: Error) => refuse(request, response, error),
    );
  });

  return {
    ...served,
    calls,
    faults: {
      next: (action, fault, times = 1, about = '') => void faults.push({ action, fault, left: times, about }),
      clear: () => void faults.splice(0),
    },
    switch: (now) => {
      on = now;
    },
  };
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

function refuse(request: IncomingMessage, response: ServerResponse, error: Error): void {
  const { code, status } = error instanceof AwsError ? error : { code: 'InternalFailure', status: 500 };
  if (code === 'cut') return void request.socket.destroy();
  if (code === 'InternalFailure') console.error('the local world failed:', error);
  if (isRest(request.url ?? ''))
    return void reply(request, response, status, new Verbatim(restError(code, error.message)));
  if (!isQuery(request)) return void reply(request, response, status, { __type: code, message: error.message });
  if (signedService(request) !== 'ec2')
    return void reply(request, response, status, { Error: { Type: 'Sender', Code: code, Message: error.message } });
  // EC2 says AuthFailure for what is signed wrongly or by nobody (AWS: EC2 API error codes).
  const isAuthentication = /^(InvalidSignature|UnrecognizedClient)Exception$/.test(code);
  const Code = isAuthentication ? 'AuthFailure' : code;
  reply(request, response, isAuthentication ? 401 : status, { Errors: { Error: { Code, Message: error.message } } });
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

async function text(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
