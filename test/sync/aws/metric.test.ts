import { tellSynced, told } from '../../../lib/sync/aws/metric';
import { queries } from '../../../lib/sync/aws/query';
import { type Api, startApi } from '../../../scripts/local/api/api';
import { metrics } from '../../../scripts/local/cloudwatch';

const credentials = { accessKeyId: 'ASIAPROXY', secretAccessKey: 'secret', sessionToken: 'session' };
let api: Api;
let put: ReturnType<typeof metrics>['put'];
beforeEach(async () => {
  const cloudwatch = metrics();
  put = cloudwatch.put;
  api = await startApi([{ ...credentials, role: 'proxy', refused: async () => undefined }], cloudwatch.handlers);
});
afterEach(() => api.stop());

const tell = (slot?: string) =>
  tellSynced(
    queries(api.endpoint, 100, async () => ({ credentials, region: 'eu-west-2' })),
    '/sluice/dev',
    slot,
  );

it.each([true, false])('tells CloudWatch, signed, whether the proxy of a slot is synced: %p', async (isSynced) => {
  await tell('2')(isSynced);

  const Dimensions = { member: [{ Name: 'Proxy', Value: '2' }] };
  expect(put).toStrictEqual([
    {
      Version: '2010-08-01',
      Namespace: 'Sluice/dev',
      MetricData: { member: [{ MetricName: 'Synced', Value: isSynced ? '1' : '0', Dimensions }] },
    },
  ]);
});

it('tells nothing where there is no slot', async () => {
  await tell()(true);

  expect(put).toStrictEqual([]);
});

it.each(['denied', 'throttled', 'cut'] as const)('fails nothing when it is %s', async (fault) => {
  api.faults.next('cloudwatch:PutMetricData', fault, 99);

  await expect(told(Promise.resolve('report'), tell('1'))).resolves.toBe('report');
  await expect(told(Promise.reject(new Error('refused')), tell('1'))).rejects.toThrow('refused');
});

it('tells 1 for a sync that came to its end, and 0 for one that failed', async () => {
  await told(Promise.resolve(), tell('1'));
  await told(Promise.reject(new Error()), tell('1')).catch(() => undefined);

  expect(put.map(({ MetricData }) => MetricData.member[0]?.Value)).toStrictEqual(['1', '0']);
});
