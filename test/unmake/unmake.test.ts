import { SSMClient } from '@aws-sdk/client-ssm';
import { ConfiguredRetryStrategy } from '@smithy/core/retry';

import { stageParameters } from '../../lib/aws/remove-parameters';
import { answer } from '../../lib/unmake/cloudformation';
import { removeAll } from '../../lib/unmake/unmake';
import { type Api, startApi } from '../../scripts/local/api/api';
import { type Served, serve } from '../../scripts/local/api/loopback';
import { parameterStore } from '../../scripts/local/ssm/parameters';

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
  it('takes every page of them, and none of another stage', async () => {
    const own = Array.from({ length: 25 }, (_, index) => `/sluice/dev/haproxy/files/50-${index}.cfg`);
    const others = ['/sluice/dev2/haproxy/current', '/sluice/devious', '/other/sluice/dev/x'];
    const { store, parameters, api } = await stage('/sluice/dev/acme/account', ...own, ...others);

    expect(await removeAll({ ...parameters, ...clock(300_000) })).toBe(26);

    expect(await parameters.list()).toStrictEqual([]);
    expect(others.map((name) => store.read(name))).toStrictEqual(['x', 'x', 'x']);
    expect(deletes(api)).toBe(3);
  });

  it('is done at once where there is nothing', async () => {
    const { parameters, api } = await stage();

    expect(await removeAll({ ...parameters, ...clock(300_000) })).toBe(0);
    expect(api.calls.map(({ action }) => action)).toStrictEqual(['ssm:GetParametersByPath', 'ssm:GetParametersByPath']);
  });

  it('takes what a run that was under way still writes', async () => {
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

  it('gives up in words, in time to say so, when there are always new ones', async () => {
    const { store, parameters } = await stage('/sluice/dev/haproxy/current');
    const time = clock(60_000, () => store.put({ Name: '/sluice/dev/haproxy/current', Value: 'x', Type: 'String' }));

    await expect(removeAll({ ...parameters, ...time })).rejects.toThrow(
      '/sluice/dev/haproxy/current and 0 more are still there or there again; stop what writes them',
    );
    expect(time.remainingMs()).toBeGreaterThan(15_000);
  });

  it.each(['ssm:GetParametersByPath', 'ssm:DeleteParameters'])(
    'tries %s again when it is throttled',
    async (action) => {
      const { api, parameters } = await stage('/sluice/dev/haproxy/current');
      api.faults.next(action, 'throttled', 2);

      expect(await removeAll({ ...parameters, ...clock(300_000) })).toBe(1);
    },
  );

  it.each([
    ['ssm:GetParametersByPath', 'denied', /^Listing what is below \/sluice\/dev: AccessDenied.*lacks a permission/],
    ['ssm:DeleteParameters', 'failing', /^Removing \/sluice\/dev\/haproxy\/current: InternalServerError.*by hand$/],
    ['ssm:GetParametersByPath', { body: '{}' }, /^Listing .* MalformedAnswer: AWS answered without Parameters/],
  ] as const)('says what it was doing when %s is %p', async (action, fault, words) => {
    const { api, parameters } = await stage('/sluice/dev/haproxy/current');
    api.faults.next(action, fault, 9);

    await expect(removeAll({ ...parameters, ...clock(300_000) })).rejects.toThrow(words);
  });
});

describe('the answer to CloudFormation', () => {
  const event = { StackId: 'arn:stack', RequestId: 'request', LogicalResourceId: 'StageParameters' };
  type Heard = { readonly method: string | undefined; readonly type: string | undefined; readonly body: unknown };

  /** An address for answers, which gives these statuses one after the other. */
  async function listener(...statuses: readonly number[]): Promise<{ url: string; heard: Heard[]; server: Served }> {
    const heard: Heard[] = [];
    const server = await serve(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      heard.push({ method: request.method, type: request.headers['content-type'], body: JSON.parse(body) });
      response.writeHead(statuses[heard.length - 1] ?? 200).end();
    });
    open.push(server);
    return { url: `${server.endpoint}/answer?signature=secret`, heard, server };
  }

  it('names what was asked, without a content type, which would break the signature', async () => {
    const { url, heard } = await listener();

    await answer({ ...event, ResponseURL: url }, { id: '/sluice/dev' });

    const body = { ...event, Status: 'SUCCESS', Reason: 'done', PhysicalResourceId: '/sluice/dev' };
    expect(heard).toStrictEqual([{ method: 'PUT', type: '', body }]);
  });

  it('gives the reason of a failure, as much of it as CloudFormation takes', async () => {
    const { url, heard } = await listener();

    await answer({ ...event, ResponseURL: url }, { id: '/sluice/dev', fault: 'because '.repeat(1_000) });

    expect(heard[0]?.body).toMatchObject({ Status: 'FAILED', Reason: 'because '.repeat(125) });
  });

  it('is given again when it was not taken', async () => {
    const { url, heard } = await listener(503, 200);

    await answer({ ...event, ResponseURL: url }, { id: '/sluice/dev' });

    expect(heard).toHaveLength(2);
  });

  it('that cannot be given fails the run, without the address, which is a secret', async () => {
    const { url } = await listener(503, 503, 503);

    await expect(answer({ ...event, ResponseURL: url }, { id: '/sluice/dev' })).rejects.toThrow(
      'CloudFormation could not be told of /sluice/dev: it answered 503; this run is repeated',
    );
  });
});
