import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import fc from 'fast-check';

import { render } from '../../lib/haproxy/render';
import { type Instance, startInstance } from '../../scripts/proxy/instance';
import { parseUrl } from '../../scripts/sluice/explain/asked';
import { choose } from '../../scripts/sluice/explain/match';
import { exchange } from './edge-exchange';
import { backend } from './haproxy-tasks';

const numRuns = Number(process.env.SETS ?? 15);
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
/** Few enough to be listed in one free parameter. Routes lead to them in turn. */
const backends = Array.from({ length: 25 }, (_, n) => `demo.b${n}`);

/** Routes are written as `*.example.com/api`. */
type Site = { readonly routes: readonly string[]; readonly certified: readonly string[] };
/** `spelled` is the host as a client may write it; `target` is path and query, which `OPTIONS *` does not have. */
type Asked = { readonly host: string; readonly spelled: string; readonly target: string };

/** The rules of docs/labels.md, "Which route a request takes", and of redirects to HTTPS. */
function chosen({ host, target }: Asked, { routes, certified }: Site, scheme: string): string {
  const [oneLabelLess = ''] = wildcards(host);
  if (scheme === 'http' && (certified.includes(host) || certified.includes(oneLabelLess)))
    return `308 https://${host}${target}`;

  for (const hosts of [host, ...wildcards(host), '*'])
    for (const path of prefixes(target.replace(/\?.*/, ''))) {
      const route = routes.indexOf(hosts + path);
      if (route >= 0) return `200 ${backends[route % backends.length]}`;
    }
  return '404';
}

/** `c.b.a`: `*.b.a`, `*.a`. */
const wildcards = (host: string): readonly string[] =>
  host.split('.').flatMap((_, n, labels) => (n === 0 ? [] : `*.${labels.slice(n).join('.')}`));

/** `/api/v2`: `/api/v2`, `/api`, `/`. */
const prefixes = (path: string): readonly string[] =>
  path.split('/').map((_, n, all) => all.slice(0, all.length - n).join('/') || '/');

/** Few words, so that routes and requests meet; some begin or end like others. */
const hosts = (deepest: number) =>
  fc
    .array(fc.constantFrom('a', 'a', 'a', 'b', 'ab'), { minLength: 1, maxLength: deepest, size: 'max' })
    .map((labels) => labels.join('.'));
const paths = (...more: string[]) =>
  fc
    .array(fc.constantFrom('api', 'api', 'v2', 'v20', 'API', 'a.b~c', '.', ...more), { maxLength: 4 })
    .map((segments) => `/${segments.join('/')}`);
const exact = fc.oneof(hosts(2), hosts(6));
const wildcard = exact.map((host) => `*.${host}`);
const route = fc.tuple(fc.oneof(exact, exact, wildcard, wildcard, wildcard, fc.constant('*')), paths());

const sites: fc.Arbitrary<Site> = fc.record({
  routes: fc.uniqueArray(
    route.map((words) => words.join('')),
    { minLength: 1, maxLength: 200, size: 'max' },
  ),
  certified: fc.uniqueArray(fc.oneof(exact, wildcard), { maxLength: 5 }),
});

const query = fc.constantFrom('', '', '?', '?/api', '?x=/api/v2', '?//');
const target = fc.tuple(paths('', '', 'apix', '%20', '%2fapi'), query).map((words) => words.join(''));
const requests: fc.Arbitrary<Asked> = fc
  .record({
    host: fc.oneof(hosts(2), hosts(4), hosts(8)),
    isShouted: fc.boolean(),
    end: fc.constantFrom('', '', ':80', '.', '.:80'),
    target: fc.oneof(target, target, target, target, fc.constant('')),
  })
  .map(({ host, isShouted, end, target }) => ({
    ...{ host, target },
    spelled: `${isShouted ? host.toUpperCase() : host}${end}`,
  }));

let instance: Instance;
beforeAll(async () => {
  instance = await startInstance();
  await lead({ routes: [], certified: [] });
  await instance.startHaproxy();
});
afterAll(() => instance.stop());

it('HAProxy chooses the backend that the rules and `sluice explain` name, for any routes and any request', async () => {
  const counts: Record<string, number> = {};
  const count = (what: string) => (counts[what] = (counts[what] ?? 0) + 1);
  const many = fc.array(requests, { minLength: 1, maxLength: 400, size: 'max' });
  const law = fc.asyncProperty(sites, many, async (site, asked) => {
    const { changed } = await lead(site);
    count(changed);
    for (const scheme of ['http', 'https']) {
      const wanted = asked.map((request) => chosen(request, site, scheme));
      expect(await answers(asked, scheme)).toStrictEqual(wanted);
      if (scheme === 'https') expect(asked.map((request) => explained(request, site))).toStrictEqual(wanted);
      for (const answer of wanted) count(answer.slice(0, 3));
    }
  });
  await fc.assert(law, { numRuns, seed, path: process.env.FROM ?? '', includeErrorInReport: true });
  process.stdout.write(
    `${numRuns} sets of routes, their changes and answers: ${JSON.stringify(counts)}, seed ${seed}\n`,
  );
}, 300_000);

const leading = ({ routes }: Site) =>
  backends.map((name, which) => {
    const own = routes.filter((_, n) => n % backends.length === which);
    const split = own.map((route) => route.split(/(?=\/)(.*)/));
    const claimed = split.map(([host = '', path = '']) => ({ host, path, since: 1 }));
    return backend([], { name, labels: {}, routes: claimed });
  });

/** What the command says, of the host as it is spelled. */
function explained({ spelled, target }: Asked, site: Site): string {
  const { host } = parseUrl(`https://${spelled}/`);
  const { won } = choose(leading(site), { host, path: target.replace(/\?.*/, '') });
  return won ? `200 ${won.backend.name}` : '404';
}

/** The backends stay, and each answers with its name: only what leads to them changes. */
function lead(site: Site) {
  const answer = '$&\n    http-request return status 200 content-type text/plain lf-string %[be_name]';
  const files = render({ backends: leading(site), certified: site.certified }).map(({ name, text }) => ({
    name,
    text: name.startsWith('50-') ? text.replace(/^ {4}balance .*/m, answer) : text,
  }));
  return instance.syncHere(instance.publishFiles(files));
}

/** Status of each answer, and the backend or the address in it. All requests go by one connection, without waiting for answers. */
async function answers(asked: readonly Asked[], scheme: string): Promise<readonly string[]> {
  const { host } = instance;
  const words = asked.map(
    ({ target, spelled }) => `${target ? `GET ${target}` : 'OPTIONS *'} HTTP/1.1\r\nHost: ${spelled}\r\n`,
  );
  const socket =
    scheme === 'http' ? connect(10080, host) : connectTls({ port: 10443, host, rejectUnauthorized: false });
  const text = await exchange(socket, `${words.join('\r\n')}Connection: close\r\n\r\n`);
  return text.split(/(?=HTTP\/1\.1 )/).map((answer) => {
    const [, status, location, body] =
      /^HTTP\/1\.1 (\d+)(?:.*\r\nlocation: (\S+))?.*\r\n\r\n(.*)$/is.exec(answer) ?? [];
    return status === '404' ? status : `${status} ${location ?? body}`;
  });
}
