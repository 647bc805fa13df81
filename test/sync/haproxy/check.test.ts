import { boundAddresses, namesToCheck } from '../../../lib/sync/haproxy/check';

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

const file = (name: string, text = '') => ({ name, text });
const service = (name: string, server = 'a') =>
  file(`50-${name}.cfg`, `backend ${name}\n    server ${server} 10.0.1.7:1\n`);
const shared = [file('00-global.cfg'), file('10-frontends.cfg'), file('20-routes.cfg', 'one')];
const installed = [...shared, service('a'), service('b')];

it.each([
  [
    'the services whose tasks differ',
    [...shared, service('a'), service('b', 'other')],
    ['00-global.cfg', '10-frontends.cfg', '20-routes.cfg', '50-b.cfg'],
  ],
  [
    'what all share where only routes differ',
    [...shared.slice(0, 2), file('20-routes.cfg', 'two'), service('a'), service('b')],
    shared.map(({ name }) => name),
  ],
  ['everything where the shared part differs', [file('00-global.cfg', 'other'), ...installed.slice(1)], undefined],
  ['everything where two files are of one backend', [...installed, file('50-c.cfg', service('a').text)], undefined],
])('HAProxy checks %s', (_, wanted, names) => {
  expect(namesToCheck(wanted, installed)).toStrictEqual(names);
});
