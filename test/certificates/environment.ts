export const production = 'https://acme-v02.api.letsencrypt.org/directory';
export const environment = {
  SLUICE_PREFIX: '/sluice/dev',
  SLUICE_QUEUE_URL: 'https://sqs.eu-west-2.amazonaws.com/123456789012/q.fifo',
  SLUICE_ADDRESSES: '192.0.2.1,192.0.2.2',
  SLUICE_CERTIFICATES: '[["example.com","*.example.com"]]',
  SLUICE_KEY_TYPE: 'ecdsa-p256',
  SLUICE_ACME_DIRECTORY: production,
  SLUICE_ACME_PROFILE: '',
  SLUICE_CONTACT: 'hostmaster@example.com',
  SLUICE_HOSTED_ZONE_ID: 'Z1',
  SLUICE_CHALLENGE_ZONES: 'Z2,Z1',
};

// functions/renew.ts reads its settings when it is loaded; each run of a test has settings of its own.
Object.assign(process.env, environment);
