import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { ask, patience, refusal, retryAt } from '../../../lib/certificates/acme/http';
import { reserveMs } from '../../../lib/certificates/run';

const asked: (string | undefined)[] = [];
const server = createServer(({ method, url, headers }, response) => {
  asked.push(method);
  if (url === '/hang') return;
  if (url?.startsWith('/moved'))
    response.writeHead(Number(url.slice(-3)), { location: url.includes('again') ? url : '/' });
  response.end(JSON.stringify({ agent: headers['user-agent'] }));
});
let base: string;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
const usual = { ...patience };
beforeEach(() => {
  asked.splice(0);
  Object.assign(patience, usual);
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

it('asks for no more than ten nonces a second, however many are wanted at once', async () => {
  const begun = performance.now();
  await Promise.all(Array.from({ length: 15 }, () => ask({ url: base, method: 'HEAD' })));
  expect(asked).toHaveLength(15);
  expect(performance.now() - begun).toBeGreaterThan(1_390);
});

it('a nonce and a request that hang leave half a minute of the reserve for cleaning up', async () => {
  const { waitsMs, nonceMs, answerMs } = patience;
  Object.assign(patience, { waitsMs: waitsMs.map(() => 1), nonceMs: 50, answerMs: 50 });

  const hang = (method: string) => ask({ url: `${base}/hang`, method });
  await expect(hang('HEAD')).rejects.toThrow(
    /: it did not answer within 0.05 s; the certificates that are stored stay/,
  );
  await expect(hang('POST')).rejects.toThrow('it did not answer within 0.05 s');

  const tries = (asking: string) => asked.filter((method) => method === asking).length;
  const pauses = waitsMs.reduce((all, wait) => all + wait, 0);
  const mostMs = tries('HEAD') * nonceMs + tries('POST') * answerMs + 2 * pauses;
  expect(mostMs).toBeLessThanOrEqual(reserveMs - 30_000);
});

it.each([
  ['GET', 301, ['GET', 'GET']],
  ['HEAD', 308, ['HEAD', 'HEAD']],
  ['POST', 303, ['POST', 'GET']],
])('%s follows a redirect with status %i', async (method, status, methods) => {
  const { data } = await ask({ url: `${base}/moved/${status}`, method });

  expect(asked).toStrictEqual(methods);
  expect(data).toStrictEqual(method === 'HEAD' ? '' : { agent: 'sluice (acme-client)' });
});

it('gives up a redirect that leads to itself, and an address where nobody listens, in words', async () => {
  Object.assign(patience, { waitsMs: [] });

  await expect(ask({ url: `${base}/moved/again/301`, method: 'GET' })).rejects.toThrow(
    'it redirects more than 5 times',
  );
  await expect(ask({ url: 'https://127.0.0.1:9/dir', method: 'GET' })).rejects.toThrow(
    'Asking https://127.0.0.1:9/dir: connect ECONNREFUSED 127.0.0.1:9; the certificates that are stored stay',
  );
});

const both = 'a.example: forbidden; b.example: forbidden too';
const terms = 'https://ca.example/terms';
const problem = (detail: string, value: string) => ({ detail, identifier: { value } });
const caa = [problem('forbidden.', 'a.example'), problem('forbidden\ntoo', 'b.example')];

it.each<[string, Parameters<typeof refusal>[1], string | RegExp]>([
  [
    'caa',
    { detail: 'Some are not allowed.', subproblems: caa },
    `Some are not allowed; ${both}; add a CAA record that allows this CA, or take away the one that forbids it`,
  ],
  [
    'userActionRequired',
    { detail: 'New terms.', instance: terms },
    `New terms; see ${terms}; read what the CA asks for; it may have new terms`,
  ],
  ['externalAccountRequired', {}, /this CA binds each account to .*; name another CA in acmeDirectory$/],
  ['invalidContact', {}, /; change contact in the settings$/],
  ['unsupportedContact', {}, /; change contact in the settings$/],
  ['unsupportedIdentifier', {}, /; remove the name from the settings, or /],
  ['invalidProfile', {}, /; change acmeProfile in the settings$/],
  ['badCSR', {}, /; change keyType or the names in the settings, or /],
  ['badPublicKey', {}, /; change keyType or the names in the settings, or /],
  ['orderNotReady', {}, /; the next run tries again$/],
])('a refusal names its kind, the reason, and what to do next: %s', (kind, problem, words) => {
  const { message, ...error } = refusal('Asking', { type: `urn:ietf:params:acme:error:${kind}`, ...problem });
  expect(error.kind).toBe(kind);
  const said = message.replace(`Asking: the CA refused (${kind}): `, '');
  expect(said).toStrictEqual(typeof words === 'string' ? words : expect.stringMatching(words));
});

it('an answer that is no ACME error is a refusal too', () => {
  const { message } = refusal('Asking', { detail: 'busy' });
  expect(message).toBe('Asking: the CA refused (unknown): busy; the next run tries again');
});

const now = Date.parse('2026-10-01T12:00:00Z');

it.each([
  ['120', now + 120_000],
  ['Thu, 01 Oct 2026 13:00:00 GMT', now + 3_600_000],
  ['soon', undefined],
  ['1.5', undefined],
  ['-60', undefined],
  ['120, 240', undefined],
  ['', undefined],
  ['Thursday, 01-Oct-26 13:00:00 GMT', now + 3_600_000],
  ['99999999999999999999', now + 31 * 86_400_000],
  ['Fri, 01 Jan 9999 00:00:00 GMT', now + 31 * 86_400_000],
  [undefined, undefined],
])('Retry-After %s', (header, at) => {
  expect(retryAt(header, now)).toBe(at);
});
