import { usualSettings } from '../lib/haproxy/stage';
import { readSettings } from '../lib/settings';

type Settings = Record<string, unknown>;
const { check } = require('../resources/settings.cjs') as { check: (given: Settings, where: string) => Settings };
const { derive } = require('../resources/derived.cjs') as {
  derive: (
    settings: Settings,
    stage: string,
  ) => { stageSettingsJson: string; bundled: { 'process.env.SLUICE_ERROR_PAGES': string } };
};

const environment = {
  SLUICE_CLUSTERS: 'demo,other',
  SLUICE_PREFIX: '/sluice/dev',
  SLUICE_SYNC_DOCUMENT: 'sluice-dev-sync',
  SLUICE_PROXY_TAG: 'dev',
  SLUICE_QUEUE_URL: 'https://sqs.eu-west-2.amazonaws.com/123456789012/q.fifo',
  SLUICE_ALARM_TOPIC: 'arn:aws:sns:eu-west-2:123456789012:sluice-dev-AlarmTopic-1A2B',
  SLUICE_ADDRESSES: '192.0.2.1,192.0.2.2',
  SLUICE_CERTIFICATES: '[["example.com","*.example.com"]]',
  SLUICE_STAGE_SETTINGS: '{"trustedProxies":["203.0.113.0/24"],"minTls":"1.2"}',
  SLUICE_ERROR_PAGES: Buffer.from('{}').toString('base64'),
};

it('names every faulty setting at once', () => {
  const some = {
    ...environment,
    SLUICE_CLUSTERS: 'a b',
    SLUICE_PREFIX: '/other',
    SLUICE_QUEUE_URL: undefined,
    SLUICE_ALARM_TOPIC: 'a',
  };
  const faulty = { ...some, SLUICE_CERTIFICATES: '[[', SLUICE_STAGE_SETTINGS: '{"trustedProxies":["a\\n"]}' };
  expect(() => readSettings(faulty)).toThrow(
    /SLUICE_CLUSTERS: .*; SLUICE_PREFIX: must be .*; SLUICE_QUEUE_URL: .*; SLUICE_ALARM_TOPIC: .*; SLUICE_CERTIFICATES: .*; SLUICE_STAGE_SETTINGS.trustedProxies.0: must be ranges of addresses/,
  );
});

it('reads the settings of the stage as they were given', () => {
  const read = (given: Settings) => {
    const needed = { domain: 'example.com', hostedZoneId: 'Z0123456789ABCDEFGHIJ' };
    const { stageSettingsJson, bundled } = derive(check({ ...needed, ...given }, ''), 'dev');
    const pages = JSON.parse(bundled['process.env.SLUICE_ERROR_PAGES']) as string;
    return readSettings({ ...environment, SLUICE_STAGE_SETTINGS: stageSettingsJson, SLUICE_ERROR_PAGES: pages })
      .stageSettings;
  };

  expect(read({})).toStrictEqual(usualSettings);
  expect(read({ trustedProxies: ['2001:db8::/32', '203.0.113.7'], minTls: 1.3 })).toStrictEqual({
    trustedProxies: ['2001:db8::/32', '203.0.113.7/32'],
    minTls: '1.3',
    errorPages: {},
  });
});
