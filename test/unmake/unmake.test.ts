import { AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import { SSMClient } from '@aws-sdk/client-ssm';
import { ConfiguredRetryStrategy } from '@smithy/core/retry';
import type { CloudFormationCustomResourceEvent } from 'aws-lambda';

import { stageParameters } from '../../lib/aws/parameters';
import { readSettings, removeAll, report, unmake } from '../../lib/unmake/unmake';
import { type Api, startApi } from '../../scripts/local/api/api';
import { refuse } from '../../scripts/local/api/errors';
import { parameterStore } from '../../scripts/local/ssm/parameters';
import { serve } from '../../scripts/real/loopback';

const credentials = { accessKeyId: 'ASIALOCAL', secretAccessKey: 'secret', sessionToken: 'session' };
const open: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map(({ stop }) => stop()));
});

async function stage(...names: readonly string[]) {
  const store = parameterStore();
  for (const Name of names) store.put({ Name, Value: 'x', Type: 'String' });
  const api = await startApi([{ ...credentials, role: 'Unmake', refused: async () => undefined }], store.handlers);
  open.push(api);
  const retryStrategy = new ConfiguredRetryStrategy(3, 5);
  const client = new SSMClient({ region: 'eu-west-2', endpoint: api.endpoint, credentials, retryStrategy });
  return { api, store, parameters: stageParameters(client, '/sluice/dev') };
}

/** Time passes only by pausing: so many milliseconds are left. */
function clock(remaining: number, meanwhile = () => {}) {
  let left = remaining;
  const pause = async (milliseconds: number) => {
    left -= milliseconds;
    meanwhile();
  };
  return { pause, remainingMs: () => left };
}

const deletes = ({ calls }: Api) => calls.filter(({ action }) => action === 'ssm:DeleteParameters').length;

describe('removing the parameters of a stage', () => {
  it('removes every page of them, and none of another stage', async () => {
    const own = Array.from({ length: 25 }, (_, index) => `/sluice/dev/haproxy/files/50-${index}.cfg`);
    const others = ['/sluice/dev2/haproxy/current', '/sluice/devious', '/other/sluice/dev/x'];
    const { store, parameters, api } = await stage('/sluice/dev/acme/account', ...own, ...others);

    expect(await removeAll({ ...parameters, ...clock(300_000) })).toBe(26);

    expect(await parameters.list()).toStrictEqual([]);
    expect(others.map((name) => store.read(name))).toStrictEqual(['x', 'x', 'x']);
    expect(deletes(api)).toBe(3);
  });

  it('removes what a run that was under way still writes', async () => {
    const { store, parameters } = await stage('/sluice/dev/haproxy/current');
    const late = ['/sluice/dev/haproxy/files/50-late.cfg', '/sluice/dev/haproxy/current'];
    const time = clock(300_000, () => {
      const Name = late.shift();
      if (Name) store.put({ Name, Value: 'x', Type: 'String' });
    });

    await removeAll({ ...parameters, ...time });

    expect(late).toStrictEqual([]);
    expect(await parameters.list()).toStrictEqual([]);
  });

  it('fails in words, with time left to report, when there are always new ones', async () => {
    const { store, parameters } = await stage('/sluice/dev/haproxy/current');
    const time = clock(60_000, () => store.put({ Name: '/sluice/dev/haproxy/current', Value: 'x', Type: 'String' }));
    await expect(removeAll({ ...parameters, ...time })).rejects.toThrow(
      '/sluice/dev/haproxy/current and 0 more are still there or there again; stop what writes them',
    );
    expect(time.remainingMs()).toBeGreaterThan(15_000);
  });

  it.each([
    ['ssm:GetParametersByPath', 'throttled', 2, undefined],
    ['ssm:DeleteParameters', 'throttled', 2, undefined],
    ['ssm:GetParametersByPath', 'denied', 9, /^Listing what is below \/sluice\/dev: AccessDenied.*lacks a permission/],
    ['ssm:DeleteParameters', 'failing', 9, /^Removing \/sluice\/dev\/haproxy\/current: InternalServerError.*by hand$/],
  ] as const)('when %s is %s: tries again, and fails in words in the end', async (action, fault, times, words) => {
    const { api, parameters } = await stage('/sluice/dev/haproxy/current');
    api.faults.next(action, fault, times);
    const removed = removeAll({ ...parameters, ...clock(300_000) });

    await (words ? expect(removed).rejects.toThrow(words) : expect(removed).resolves.toBe(1));
  });
});

const event = { StackId: 'arn:stack', RequestId: 'request', LogicalResourceId: 'StageParameters' };

/** An address that CloudFormation reads, which answers with these statuses one after the other. */
async function listener(...statuses: readonly number[]) {
  const heard: { method: string | undefined; type: string | undefined; length: number; body: unknown }[] = [];
  const server = await serve(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { 'content-type': type, 'content-length': length } = request.headers;
    heard.push({ method: request.method, type, length: Number(length), body: JSON.parse(body) });
    response.writeHead(statuses[heard.length - 1] ?? 200).end();
  });
  open.push(server);
  return { ResponseURL: `${server.endpoint}/answer?signature=secret`, heard };
}

describe('the report to CloudFormation', () => {
  it('names what was asked, without a content type, which would break the signature', async () => {
    const { ResponseURL, heard } = await listener();
    await report({ ...event, ResponseURL }, { id: '/sluice/dev' });
    const body = { Status: 'SUCCESS', Reason: 'done', PhysicalResourceId: '/sluice/dev', ...event };
    expect(heard).toStrictEqual([{ method: 'PUT', type: '', length: JSON.stringify(body).length, body }]);
  });

  it('holds the reason of a failure, as much of it as CloudFormation takes, and comes again when it was not taken', async () => {
    const { ResponseURL, heard } = await listener(503);
    await report({ ...event, ResponseURL }, { id: '/sluice/dev', fault: 'because '.repeat(1_000) });
    const body = expect.objectContaining({ Status: 'FAILED', Reason: 'because '.repeat(125) });
    expect(heard).toMatchObject([{ body }, { body }]);
  });

  it.each([
    ['refuses it', () => listener(503, 503, 503), 'it answered 503'],
    ['is gone', async () => ({ ResponseURL: 'http://127.0.0.1:9/answer?signature=secret' }), /(bad port|ECONNREFUSED)/],
    ['is no address', async () => ({ ResponseURL: 'secret' }), 'Invalid URL'],
  ])('fails the run where the address %s, without the address, which is a secret', async (_, address, why) => {
    const reported = report({ ...event, ...(await address()) }, { id: '/sluice/dev' });
    const { message } = await reported.then(
      () => new Error('reported'),
      (error: Error) => error,
    );

    expect(message).toMatch(/^CloudFormation did not take the result for \/sluice\/dev: .*; Lambda repeats this run$/);
    expect(message).toMatch(why);
    expect(message).not.toContain('secret');
  });
});

it.each([
  ['was there', () => ({ DeleteLifecycleHookResult: {} }), []],
  ['is gone already', () => refuse('ValidationError', 'No Lifecycle Hook found'), []],
  ['may not be deleted', () => refuse('AccessDenied', 'no.', 403), [/^Releasing sluice-dev-TaskHosts-1: no/]],
])('a hook that %s holds up no removal', async (_, handler, errors) => {
  const logged: { error?: string }[] = [];
  const caller = { ...credentials, role: 'Unmake', refused: async () => undefined };
  const api = await startApi([caller], { 'autoscaling:DeleteLifecycleHook': handler });
  const { ResponseURL, heard } = await listener();
  open.push(api);
  const draining = {
    ...{ ...event, ResponseURL, RequestType: 'Delete', ResourceType: 'Custom::HostDraining' },
    ResourceProperties: { Group: 'sluice-dev-TaskHosts-1' },
  };

  await unmake(draining as unknown as CloudFormationCustomResourceEvent, {
    ...{ ...(await stage()).parameters, ...clock(300_000), prefix: '/sluice/dev' },
    autoScaling: new AutoScalingClient({ region: 'eu-west-2', endpoint: api.endpoint, credentials, maxAttempts: 1 }),
    log: (_message, fields) => logged.push(fields),
  });

  expect(api.calls).toHaveLength(1);
  expect(heard).toMatchObject([{ body: { Status: 'SUCCESS', PhysicalResourceId: 'sluice-dev-TaskHosts-1' } }]);
  expect(logged).toStrictEqual(errors.map((words) => ({ error: expect.stringMatching(words) })));
});

it.each([undefined, '', '/sluice/', '/sluice/dev/haproxy', '/other'])('does not begin with the prefix %p', (prefix) => {
  expect(() => readSettings({ SLUICE_PREFIX: prefix })).toThrow('SLUICE_PREFIX: must be /sluice/<stage>');
  expect(readSettings({ SLUICE_PREFIX: '/sluice/dev' })).toStrictEqual({ prefix: '/sluice/dev' });
});
