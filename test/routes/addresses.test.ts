import { definition, task } from '../builders';
import { decide, host, look, of, servers } from './deciding';

describe('a reused port', () => {
  const older = task('older', { createdAt: 1 });
  const newer = of('other', 'newer', { createdAt: 2 });
  const other = { 'other:1': host('other.example.com') };
  const bare = { 'other:1': definition({}) };
  const web = (more: object) => ({ containers: [{ name: 'web', running: true, bindings: [], ...more }] });

  it('belongs to its newest task, in whichever service', () => {
    expect(servers(look([older, newer], other))).toStrictEqual({ 'demo.shop': [], 'demo.other': ['newer'] });
  });

  it.each([
    ['in bridge mode', newer, bare],
    ['in host mode', { ...newer, ...web({}) }, { 'other:1': { ...definition({}, 1, [32768]), network: 'host' } }],
    ['in a range', { ...newer, ...web({ bindings: [{ containerPort: 9_000, hostPort: 32_700, count: 100 }] }) }, bare],
  ])('belongs to its newest task though no route leads there: %s', (_, worker, definitions) => {
    expect(servers(look([older, worker], definitions))).toStrictEqual({ 'demo.shop': [] });
  });

  it('is no port that lies outside of a range', () => {
    const bindings = [32_700, 40_000].map((hostPort) => ({ containerPort: 9_000, hostPort, count: 10 }));
    expect(servers(look([older, { ...newer, ...web({ bindings }) }], bare))).toStrictEqual({ 'demo.shop': ['older'] });
  });

  it('is every port of an own address', () => {
    const [mine, theirs] = [older, newer].map((each) => ({ ...each, ...web({ address: '10.0.9.9' }) }));
    const own = (of: object) => ({ ...definition({}), ...of, network: 'awsvpc' });
    const definitions = { 'other:1': own({}), 'shop:1': own(host('shop.example.com')) };
    expect(servers(look([mine ?? older, theirs ?? newer], definitions))).toStrictEqual({ 'demo.shop': [] });
  });

  it.each(['bridge', 'host'])(
    'is no port of a container that has ended, nor of another one beside it: %s',
    (network) => {
      const ended = { name: 'web', running: false, bindings: [{ containerPort: 8080, hostPort: 32768, count: 1 }] };
      const beside = { name: 'beside', running: true, bindings: [] };
      const definitions = { 'other:1': { ...definition({}, 1, [32768]), network } };
      const tasks = [older, { ...newer, containers: [ended, beside] }];
      expect(servers(look(tasks, definitions))).toStrictEqual({ 'demo.shop': ['older'] });
    },
  );

  it('belongs to the same one of two that began together, in whatever order ECS lists them', () => {
    const two = [task('a'), of('other', 'b')];
    expect(servers(look([...two].reverse(), other))).toStrictEqual(servers(look(two, other)));
  });
});

describe('a task whose address is not known yet', () => {
  const bare = { containers: [{ name: 'web', running: true, bindings: [] }] };
  const hosts = new Map([['host-1', { instanceId: 'i-1', draining: false }]]);
  const own = { 'shop:1': { ...host('*'), network: 'awsvpc' } };
  it.each([
    [
      'ECS does not describe its container instance, and it joins once it does',
      look([task('a', { instance: 'host-9' })]).fleet,
    ],
    [
      'EC2 shows no private address of i-1, and it joins once it does; see whether the instance runs in this account and region',
      { ...look([task('a')]).fleet, hosts },
    ],
    [
      'ECS names no host port of it, and it joins once it does; see whether its container runs and maps the port',
      look([task('a', bare)]).fleet,
    ],
    ['it joins once ECS names one', look([task('a')], own).fleet],
  ])('waits and is reported: %s', (why, fleet) => {
    const message = `demo/shop: task a runs but has no address for port 8080 yet; ${why}`;
    const faults = [{ service: 'demo/shop', message }];
    expect(decide({ fleet })).toMatchObject({ backends: [{ servers: [] }], faults });
  });

  const ipv6 = { containers: [{ name: 'web', running: true, bindings: [], ipv6Only: true as const }] };
  const ipv6Hosts = new Map([['host-1', { instanceId: 'i-1', draining: false, ipv6Only: true as const }]]);
  const addressed = { own: look([task('a', ipv6)], own).fleet, host: { ...look([task('a')]).fleet, hosts: ipv6Hosts } };
  it.each(Object.entries(addressed))('is refused with only an IPv6 address: %s', (_, fleet) => {
    expect(decide({ fleet }).faults[0]?.message).toBe(
      'demo/shop: task a runs but has only an IPv6 address, and the proxy speaks IPv4; run it in a subnet with IPv4',
    );
  });
});
