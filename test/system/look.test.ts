import { probe } from '../../lib/entrance/probe';
import { notServing } from '../../lib/sync/haproxy/serving';
import { haproxyAt } from '../../lib/sync/haproxy/worker';
import { door, doorForAll } from './edge';
import { until } from './until';

/** A service on all these hosts that passes its checks by TCP, and never answers a request. */
const hosts = ['*', '*.invalid', 'sluice-asks.invalid', 'claim.invalid'];
const hangs = hosts.flatMap((host) => [host, `${host}/.well-known`]).join(' ');
const open = (edit = asIs) => doorForAll({ hangs }, { certified: ['*.invalid'], answer: () => 'hangs', edit });
const asIs = (text: string) => text;
const asReleased = (text: string) =>
  text.replace(/^.*HAProxy answers\..*\n/m, '').replace(/(description sluice) .*/, '$1 0123456789abcdef');

const why = (patienceMs: number, address: string) =>
  notServing(haproxyAt(door.instance.path.master, patienceMs), address);

describe.each([
  ['the configuration of 0.1.0, which knows no looks', asReleased],
  ['its configuration', asIs],
])('a service on every host that hangs, with %s', (_, edit) => {
  open(edit);

  it('stops no proxy from taking its address, and is not asked', async () => {
    expect(await why(2_000, `${door.instance.host}:10080`)).toBeUndefined();
    expect(door.reached()).toStrictEqual([]);
  });

  it('is still asked by visitors', async () => {
    void door.get('any.example');

    await until(() => door.reached().length === 1);
  });
});

describe('HAProxy answers Sluice’s own requests itself', () => {
  open();
  afterEach(() => expect(door.reached()).toStrictEqual([]));

  it.each([
    ['GET', 'sluice-asks.invalid', '/'],
    ['HEAD', 'sluice-asks.invalid', '/'],
    ['GET', 'Sluice-Asks.invalid:443', '/.well-known/anything?x=y'],
    ['GET', 'claim.invalid', '/'],
  ])('by HTTPS: %s %s%s', async (method, host, path) => {
    const [head = '', body] = (await door.get(`tls:${host}`, path, [], method)).split('\r\n\r\n');

    expect(head).toMatch(/^HTTP\/1.1 200 /);
    expect(body).toBe(method === 'HEAD' ? '' : 'HAProxy answers.');
  });

  it('by HTTP/2', async () => {
    expect((await door.ask2({ ':authority': 'sluice-asks.invalid' })).status).toBe(200);
  });

  it('so that the entrance alarm stays silent', async () => {
    const lines: object[] = [];
    const entrance = { addresses: [`${door.instance.host}:10443`], certificates: [], namespace: 'Sluice/dev' };

    await probe(entrance, (_, fields) => void lines.push(fields), Date.now)();

    expect(lines).toMatchObject([{ faults: [], Unanswered: 0 }]);
  });

  it('so that another program on the port, or a closed port, is not taken for HAProxy', async () => {
    expect(await why(200, `${door.instance.host}:1`)).toMatch(/^HAProxy does not answer here: .*ECONNREFUSED/);
  });
});
