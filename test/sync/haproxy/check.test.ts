import { boundAddresses } from '../../../lib/sync/haproxy/check';

const at = (host: string, port: number) => ({ host, port });

it.each([
  ['bind "${SLUICE_HTTP-:80}"', {}, [at('0.0.0.0', 80)]],
  ['bind "${SLUICE_HTTP-:80}"', { SLUICE_HTTP: '127.0.0.9:8080' }, [at('127.0.0.9', 8080)]],
  ['bind "${SLUICE_HTTPS-:443}" ssl crt "${SLUICE-/etc}/certificates/" alpn h2', {}, [at('0.0.0.0', 443)]],
  ['bind *:5432', {}, [at('0.0.0.0', 5432)]],
  ['bind 10.0.0.1:1,10.0.0.2:2', {}, [at('10.0.0.1', 1), at('10.0.0.2', 2)]],
  ['bind :::443 v6only', {}, [at('::', 443)]],
  ['bind [::1]:443', {}, [at('::1', 443)]],
  ['bind unix@/run/socket', {}, []],
  ['bind abns@sluice', {}, []],
  ['server a 10.0.0.1:80', {}, []],
])('HAProxy will bind the addresses of %s with %j', (line, environment, expected) => {
  const file = { name: '10-frontends.cfg', text: `    ${line}` };
  expect(boundAddresses([file], environment)).toStrictEqual(expected);
});
