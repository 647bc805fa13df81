/** Of every label: right values, and how each line may begin that it adds to its own backend. */
export const known: Readonly<Record<string, readonly [values: readonly string[], begins: readonly string[]]>> = {
  'check.interval': [['1s', '10s'], []],
  'check.timeout': [['1s', '5s'], ['timeout check']],
  'check.rise': [['1', '10'], []],
  'check.fall': [['1', '10'], []],
  'check.status': [['200', '200-299,401'], ['http-check expect status']],
  'check.host': [['a.test'], ['http-check send']],
  maxconn: [['1', '20', '120'], ['http-request return status 503']],
  proto: [['h2c'], []],
  rate: [
    ['1/1s', '100/10s', '9999/1h'],
    ['stick-table type', 'http-request return status 429', 'http-request set-var(txn.counted)'],
  ],
  sticky: [
    ['on'],
    [
      ...['set-var(txn.sticky)', 'set-var(txn.leads)', 'replace-header Cookie', 'del-header Cookie'].map(
        (action) => `http-request ${action}`,
      ),
      ...['http-response set-var(txn.task)', 'http-response add-header Set-Cookie', 'use-server'],
    ],
  ],
  timeout: [['1s', '120s', '1h'], ['timeout server']],
  'timeout.idle': [
    ['1s', '24h'],
    ['timeout tunnel', 'http-request set-timeout server'],
  ],
  maintenance: [
    ['on', '10.0.0.0/8, 2001:DB8::1'],
    ['acl guest src', 'http-request return status 503', 'http-after-response set-header Retry-After'],
  ],
  deny: [
    ['203.0.113.7', '0.0.0.0/0,2001:db8::/32'],
    ['acl denied src', 'http-request return status 403'],
  ],
  allow: [
    ['10.0.0.0/8, 2001:DB8::1', Array.from({ length: 200 }, (_, n) => `10.0.0.${n}`).join()],
    ['acl allowed src', 'http-request return status 403'],
  ],
  hsts: [['on', '0', '31536000 includeSubDomains'], ['http-after-response set-header Strict-Transport-Security']],
  strip: [
    ['/api', '/api/'],
    ['http-request replace-path', 'http-request set-header X-Forwarded-Prefix'],
  ],
  redirect: [['example.com', 'https://a.test/x?y=z', 'http://b.test:81/'], ['http-request redirect']],
  auth: [
    ['staff', 'a-1'],
    'set-var(txn.login) set-var(txn.user) set-var(txn.wrong) auth return del-header set-header'
      .split(' ')
      .map((action) => `http-request ${action}`),
  ],
  check: [
    ['tcp', '/health', '/a/b.c'],
    ['option httpchk', 'http-check send', 'http-check expect'],
  ],
};
