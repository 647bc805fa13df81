import { readlinkSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request as passOn, type ServerResponse } from 'node:http';
import { join } from 'node:path';

import { bodyOf, type Served, serve } from '../../scripts/real/loopback';
import { ask, badAnswers, startLoad } from './haproxy-tasks';
import { a, apply, b, failing, host, instance, serial, served, serving, standForAll, stored, web } from './sync-stand';

/** What is answered instead, and to whom: part of the path, or of the action. */
type Lie = readonly [asked: RegExp, answer: (response: ServerResponse) => unknown];

const says =
  (body: unknown, status = 200) =>
  (response: ServerResponse) =>
    response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
const refuses = (__type: string, status = 400) => says({ __type, message: 'refused' }, status);
const page = says('<!doctype html><title>Sign in</title>');
const half = (response: ServerResponse) => {
  response.writeHead(200, { 'content-length': 900 }).write('{"Parameter":{"Name":');
  setTimeout(() => response.destroy(), 20);
};
const drips = (response: ServerResponse) => {
  const timer = setInterval(() => response.write(' '), 20).unref();
  response.on('close', () => clearInterval(timer));
};
const hangsUp = (response: ServerResponse) => response.destroy();
const parameter = (change: object) =>
  says({
    Parameter: {
      Name: '/sluice/test/haproxy/current',
      Version: 999,
      Value: '{"files":[],"certificates":[]}',
      ...change,
    },
  });

const kept = 'what runs is kept, the next tick asks again$';
const noParameter = `answer to GetParameter of /sluice/test/haproxy/current holds no such parameter, .*${kept}`;
const noPieces = `answer to GetParameters of .*50-default.web.cfg:\\d+ holds no such parameter, .*${kept}`;
const notJson = `answer to GetParameter of .*current is not JSON; ${kept}`;
const clock = `GetParameter of .*current: \\w+; is the clock right\\? See "timedatectl"; ${kept}`;
const noWord = `metadata service answered http.*%s with something else than a word; ${kept}`;
const noCredentials = 'returned no credentials for role proxy; does the role still exist\\?$';

const [token, role, keys, region] = [/api\/token$/, /credentials\/$/, /credentials\/proxy$/, /region$/];
const [pointer, pieces] = [/GetParameter$/, /GetParameters$/];

const lies: Readonly<Record<'IMDS' | 'SSM', Readonly<Record<string, readonly [...Lie, message: string]>>>> = {
  IMDS: {
    'gives no token': [token, says('', 403), 'metadata service answered 403 to http.*token; has the instance a role'],
    'answers with a page instead of a token': [token, page, noWord.replace('%s', 'token')],
    'answers with a page instead of the role': [role, page, noWord.replace('%s', 'credentials/')],
    'answers with a page instead of credentials': [keys, page, noWord.replace('%s', 'credentials/proxy')],
    'answers with a page instead of the region': [region, page, noWord.replace('%s', 'region')],
    'has no role': [role, says('', 404), 'answered 404 to .*credentials/; has the instance a role\\?$'],
    'has no credentials': [keys, says({ Code: 'Failed' }), noCredentials],
    'has credentials that are no text': [keys, says({ AccessKeyId: 1, SecretAccessKey: [], Token: {} }), noCredentials],
    'has credentials of two lines': [
      keys,
      says({ AccessKeyId: 'a', SecretAccessKey: 'b', Token: 'c\nd' }),
      noCredentials,
    ],
    'answers byte by byte': [keys, drips, `no answer from .*proxy: no whole answer within \\d+ ms; ${kept}`],
    'answers with half credentials': [keys, half, `no answer from .*proxy: aborted; ${kept}`],
    'throttles for long': [role, says('', 429), `answered 429 to .*credentials/; ${kept}`],
  },
  SSM: {
    'answers with a page': [pointer, page, notJson],
    'answers with nothing': [pointer, says(''), notJson],
    'answers with half a body': [pointer, half, `no answer from http.*: aborted; ${kept}`],
    'answers byte by byte': [pointer, drips, `no answer from http.*: no whole answer within \\d+ ms; ${kept}`],
    'hangs up': [pointer, hangsUp, `no answer from http.*: socket hang up; ${kept}`],
    'throttles for long': [pointer, refuses('ThrottlingException'), `refused GetParameter .*: Throttling\\w+; ${kept}`],
    'answers with a page and 403': [pointer, says('<html>', 403), `refused GetParameter .*: status 403; ${kept}`],
    'finds the signature too old': [pointer, refuses('InvalidSignatureException'), clock],
    'finds the credentials too old': [pointer, refuses('ExpiredTokenException'), clock],
    'answers with an empty object': [pointer, says({}), noParameter],
    'answers with null': [pointer, says(null), noParameter],
    'answers an error as a success': [pointer, refuses('InternalServerError', 200), noParameter],
    'answers with another parameter': [pointer, parameter({ Name: '/sluice/test/certificates/index' }), noParameter],
    'answers without a version': [pointer, parameter({ Version: undefined }), noParameter],
    'answers with a version that is a text': [pointer, parameter({ Version: '999' }), noParameter],
    'answers without a value': [pointer, parameter({ Value: undefined }), noParameter],
    'answers with an empty list of files': [pointer, parameter({}), 'current:999 is damaged \\(it does not list'],
    'answers with pieces that are no list': [pieces, says({}), noPieces],
    'answers with no pieces': [pieces, says({ Parameters: [] }), '50-default.web.cfg:\\d+ is missing in Parameter'],
    'answers with pieces of null': [
      pieces,
      says({ Parameters: [null, 1, {}] }),
      'web.cfg:\\d+ is missing in Parameter',
    ],
    'answers with a piece of another version': [
      pieces,
      (response) => lied(response, { Version: 999 }),
      '50-default.web.cfg:\\d+ is missing in Parameter Store; what runs is kept',
    ],
    'answers with half a piece': [
      pieces,
      (response) => lied(response, { Value: 'backend default.web' }),
      'web.cfg:\\d+ is damaged \\(its hash is not the published one\\); what runs is kept',
    ],
  },
};

const pieceName = '/sluice/test/haproxy/files/50-default.web.cfg';

/** The newest piece of the service, with a change in it. */
function lied(response: ServerResponse, change: object): void {
  const honest = { Name: pieceName, Version: instance.store.version(pieceName), Value: instance.store.read(pieceName) };
  says({ Parameters: [{ ...honest, ...change }] })(response);
}

/** Passes every call on, but for the one that it answers itself. */
const between = (endpoint: string, [asked, answer]: Lie): Promise<Served> =>
  serve(async (request, response) => {
    const body = await bodyOf(request);
    const { url: path, method, headers } = request;
    if (asked.test(String(headers['x-amz-target'] ?? path))) return void answer(response);
    const pass = (through: IncomingMessage) => {
      response.writeHead(through.statusCode ?? 0, through.headers);
      through.pipe(response);
    };
    return void passOn(`${endpoint}${path}`, { method, headers }, pass).end(body);
  });

describe.each([
  ['IMDS', 'AWS_EC2_METADATA_SERVICE_ENDPOINT'],
  ['SSM', 'AWS_ENDPOINT_URL_SSM'],
] as const)('while %s', (service, variable) => {
  let load: ReturnType<typeof startLoad>;
  afterAll(async () => expect(badAnswers(await load.stop())).toStrictEqual([]));
  standForAll(async () => {
    await serving(a);
    load = startLoad(host, { pauseMs: 15 });
  });

  it.each(Object.entries(lies[service]))('%s, what runs is kept, and the next sync is whole', async (_, lie) => {
    const [asked, answer, message] = lie;
    const [before, folder] = [await instance.servers(), readlinkSync(instance.path.live)];
    const generation = instance.publish([names(before).includes('b') ? web(a) : web(a, b)]);
    const liar = await between(instance.environment[variable], [asked, answer]);
    const told = { [variable]: liar.endpoint, AWS_REGION: undefined, SLUICE_PATIENCE_SECONDS: '0' };

    const failed = await instance.syncHere(generation, undefined, told).then(JSON.stringify, String);
    await liar.stop();

    expect(failed).toMatch(new RegExp(message));
    expect(names(await instance.servers())).toStrictEqual(names(before));
    expect(readlinkSync(instance.path.live)).toBe(folder);
    expect(await instance.syncHere(generation)).toMatchObject({ generation, changed: 'membership' });
  });
});

const names = (servers: readonly { readonly name: string; readonly admitted: boolean }[]) =>
  servers.flatMap(({ name, admitted }) => (admitted ? name : []));

describe('while the clock of the instance is off', () => {
  standForAll(() => serving(a));

  it.each([
    ['a year ahead', 31_536_000_000],
    ['a year behind', -31_536_000_000],
  ])('by %s, the sync says so and keeps what runs, and the next sync is whole', async (_, off) => {
    const clock = join(instance.path.folder, 'clock.cjs');
    const real = '{ constructor(...at) { super(...(at.length > 0 ? at : [Real.now() + off])); }';
    const now = 'static now() { return Real.now() + off; } };';
    writeFileSync(clock, `const [Real, off] = [Date, ${off}];\nglobalThis.Date = class extends Real ${real} ${now}\n`);
    const before = [names(await instance.servers()), await served(shop)];
    const { key, entry } = stored(shop);
    const generation = instance.publish([web(a, b)], [entry]);

    const outcome = await instance.sync(generation, { NODE_OPTIONS: `--require ${clock}` });
    const meanwhile = [names(await instance.servers()), await served(shop)];

    expect(outcome).toMatchObject(
      failing(/InvalidSignatureException; is the clock right\? See "timedatectl"; what runs/),
    );
    expect([await ask(host), ...meanwhile]).toStrictEqual(['200 a', ...before]);
    expect(await instance.sync(generation)).toMatchObject({ code: 0, report: { generation, changed: 'membership' } });
    expect(await served(shop)).toBe(serial(key));
    await apply([a], [entry]);
  });
});

const shop = 'shop.example.com';
