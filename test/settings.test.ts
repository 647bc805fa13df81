import { readSettings } from '../lib/settings';

const environment = {
  SLUICE_CLUSTERS: 'demo,other',
  SLUICE_PREFIX: '/sluice/dev',
  SLUICE_SYNC_DOCUMENT: 'sluice-dev-sync',
  SLUICE_PROXY_TAG: 'dev',
  SLUICE_QUEUE_URL: 'https://sqs.eu-west-2.amazonaws.com/123456789012/q.fifo',
  SLUICE_ADDRESSES: '192.0.2.1,192.0.2.2',
  SLUICE_CERTIFICATES: '[["example.com","*.example.com"]]',
  SLUICE_STAGE_SETTINGS: '{"trustedProxies":["203.0.113.0/24"],"minTls":"1.2"}',
};

it('names every faulty setting at once', () => {
  const some = { ...environment, SLUICE_CLUSTERS: 'a b', SLUICE_PREFIX: '/other', SLUICE_QUEUE_URL: undefined };
  const faulty = { ...some, SLUICE_CERTIFICATES: '[[', SLUICE_STAGE_SETTINGS: '{"trustedProxies":["a\\n"]}' };
  expect(() => readSettings(faulty)).toThrow(
    /SLUICE_CLUSTERS: .*; SLUICE_PREFIX: must be .*; SLUICE_QUEUE_URL: .*; SLUICE_CERTIFICATES: .*; SLUICE_STAGE_SETTINGS.trustedProxies.0: must be ranges of addresses/,
  );
});
