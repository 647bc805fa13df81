import { queries, reported, reportSynced } from '../../../lib/sync/aws/calls';
import { type Api, startApi } from '../../../scripts/local/api/api';

const credentials = { accessKeyId: 'ASIAPROXY', secretAccessKey: 'secret', sessionToken: 'session' };
let api: Api;
let put: object[];
beforeEach(async () => {
  put = [];
  const handlers = { 'cloudwatch:PutMetricData': (input: object) => void put.push(input) };
  api = await startApi([{ ...credentials, role: 'proxy', refused: async () => undefined }], handlers);
});
afterEach(() => api.stop());

const report = (slot?: string) => {
  const whoAmI = async () => ({ credentials, region: 'eu-west-2' });
  return reportSynced(queries(api.endpoint, 100, whoAmI), '/sluice/dev', slot);
};

it('reports to CloudWatch, signed, whether the sync of a slot succeeded', async () => {
  await reported(Promise.resolve(), report('2'));
  await reported(Promise.reject(new Error()), report('2')).catch(() => undefined);
  const Dimensions = { member: [{ Name: 'Proxy', Value: '2' }] };
  const metric = (Value: string) => ({ member: [{ MetricName: 'Synced', Value, Dimensions }] });
  const whole = { Version: '2010-08-01', Namespace: 'Sluice/dev' };
  expect(put).toStrictEqual(['1', '0'].map((value) => ({ ...whole, MetricData: metric(value) })));
});

it('reports nothing where there is no slot', async () => {
  await report()(true);
  expect(put).toStrictEqual([]);
});

it.each(['denied', 'throttled', 'cut'] as const)('keeps no sync from its end when the report is %s', async (fault) => {
  api.faults.next('cloudwatch:PutMetricData', fault, 99);
  await expect(reported(Promise.resolve('report'), report('1'))).resolves.toBe('report');
  await expect(reported(Promise.reject(new Error('refused')), report('1'))).rejects.toThrow('refused');
});
