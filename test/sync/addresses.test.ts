import { boundAddresses, newAddresses } from '../../lib/sync/addresses';

const bound = (lines: string, environment = {}) =>
  boundAddresses([{ name: '10-frontends.cfg', text: lines }], environment);

describe('the addresses that HAProxy will bind', () => {
  it.each([
    ['    bind "${SLUICE_HTTP-:80}"', {}, [{ host: '0.0.0.0', port: 80 }]],
    ['    bind "${SLUICE_HTTP-:80}"', { SLUICE_HTTP: '127.0.0.9:8080' }, [{ host: '127.0.0.9', port: 8080 }]],
    [
      '    bind "${SLUICE_HTTPS-:443}" ssl crt "${SLUICE-/etc}/certificates/" alpn h2',
      {},
      [{ host: '0.0.0.0', port: 443 }],
    ],
    ['    bind *:5432', {}, [{ host: '0.0.0.0', port: 5432 }]],
    [
      '    bind 10.0.0.1:1,10.0.0.2:2',
      {},
      [
        { host: '10.0.0.1', port: 1 },
        { host: '10.0.0.2', port: 2 },
      ],
    ],
    ['    bind :::443 v6only', {}, [{ host: '::', port: 443 }]],
    ['    bind [::1]:443', {}, [{ host: '::1', port: 443 }]],
    ['    bind unix@/run/socket', {}, []],
    ['    bind abns@sluice', {}, []],
    ['    server a 10.0.0.1:80', {}, []],
  ])('%s with %j', (line, environment, expected) => {
    expect(bound(line, environment)).toStrictEqual(expected);
  });

  it('are new when nothing has them yet', () => {
    const [web, other] = [
      { host: '0.0.0.0', port: 80 },
      { host: '0.0.0.0', port: 81 },
    ];

    expect(newAddresses([web, other], [web])).toStrictEqual([other]);
  });
});
