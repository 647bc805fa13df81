import { type Evidence, readEvidence, settle } from '../../lib/fleet/evidence';
import type { Task } from '../../lib/fleet/task';
import { task, taskArn, taskEvent } from '../builders';

const second = 1_000;
const nothing = { tasks: [], tick: false, hosts: [], unclear: false, warned: [], faults: [], causes: [] };
const message = (source: string, type: string, detail: object) =>
  JSON.stringify({ source, time: new Date(0).toISOString(), 'detail-type': type, detail });

describe('reading a batch', () => {
  it('reads a task from an event as from the API, the IPv6 twin of a port dropped, a null field as absent', () => {
    const tasks = [{ ...task('a'), at: 0 }];
    expect(readEvidence([taskEvent('a', { healthStatus: null, stoppedAt: null })])).toStrictEqual({
      ...nothing,
      tasks,
      causes: ['task a of demo/shop is RUNNING'],
    });
  });

  it.each<[string, string, string]>([
    ['UDP beside TCP', '0.0.0.0 53 40000 udp, 0.0.0.0 53 40001 tcp', '53 40001 1'],
    ['UDP alone', '0.0.0.0 53 40000 UDP', ''],
    ['no protocol', '0.0.0.0 80 40000', '80 40000 1'],
    ['IPv6 first, with another port', ':: 80 40002 tcp, 0.0.0.0 80 40001 tcp', '80 40001 1'],
    ['IPv6 alone', ':: 80 40002 tcp', '80 40002 1'],
    ['IPv6 of one port, IPv4 of another', ':: 80 1 tcp, 0.0.0.0 81 2 tcp', '81 2 1, 80 1 1'],
    ['IPv6 of a range, IPv4 of a port in it', ':: 80-89 180-189 tcp, 0.0.0.0 80 2 tcp', '80 2 1, 80 180 10'],
    ['a range', '0.0.0.0 8000-8009 40000-40009 tcp, :: 8000-8009 41000-41009 tcp', '8000 40000 10'],
    ['a range that is none', '0.0.0.0 9-8 all tcp', ''],
    ['a range beyond the last port', '0.0.0.0 8000-8009 65530-65539 tcp', ''],
    ['a range of another length', '0.0.0.0 8000-8009 65535-65535 tcp', ''],
  ])('reads bound ports: %s', (_, given, expected) => {
    const networkBindings = given.split(', ').map((each) => {
      const [bindIP, container = '', host, protocol] = each.split(' ');
      return container.includes('-')
        ? { bindIP, containerPortRange: container, hostPortRange: host, protocol }
        : { bindIP, containerPort: Number(container), hostPort: Number(host), protocol };
    });
    const { tasks } = readEvidence([taskEvent('a', { containers: [{ name: 'web', networkBindings }] })]);

    const read = tasks[0]?.containers[0]?.bindings.map((each) => [each.containerPort, each.hostPort, each.count]);
    expect(read?.map((each) => each.join(' ')).join(', ')).toBe(expected);
  });

  it('takes the stop order for the end, though the task still runs', () => {
    expect(readEvidence([taskEvent('a', { desiredStatus: 'STOPPED' })]).tasks[0]?.state).toBe('stopping');
  });

  it('reads the address of a task that has one of its own, and the family of one that only says a service started it', () => {
    const networkInterfaces = [{ ipv6Address: 'fd00::9' }, { privateIpv4Address: '10.0.9.9' }];
    const { tasks } = readEvidence([
      taskEvent('a', {
        startedBy: 'somebody',
        taskDefinitionArn: 'arn:aws:ecs:eu-west-2:123456789012:task-definition/migrate:3',
        containers: [{ name: 'web', lastStatus: 'RUNNING', networkInterfaces }],
      }),
    ]);

    expect(tasks).toMatchObject([{ service: '.migrate', containers: [{ address: '10.0.9.9', bindings: [] }] }]);
  });

  const host = (status: string) =>
    message('aws.ecs', 'ECS Container Instance State Change', { containerInstanceArn: 'host-1', status });
  const draining = (...all: boolean[]) => all.map((draining) => ({ arn: 'host-1', draining }));
  it.each<[string, string[], Partial<Evidence>]>([
    ['the tick', ['{"source":"sluice.tick","id":"1"}'], { tick: true, causes: ['the tick'] }],
    [
      'hosts that drain or take work again',
      [host('DRAINING'), host('ACTIVE')],
      {
        hosts: draining(true, false),
        causes: ['container instance host-1 is DRAINING', 'container instance host-1 is ACTIVE'],
      },
    ],
    [
      'the warning of a Spot instance',
      [message('aws.ec2', 'EC2 Spot Instance Interruption Warning', { 'instance-id': 'i-1' })],
      { unclear: true, warned: [{ instanceId: 'i-1', at: 0 }], causes: ['Spot warning for i-1'] },
    ],
    [
      'that a certificate was stored',
      ['{"source":"sluice.renew"}'],
      { unclear: true, causes: ['a certificate was stored'] },
    ],
    [
      'an event of another kind, which means: look again',
      [message('aws.ecs', 'ECS Service Action', {})],
      { unclear: true, causes: ['another message'] },
    ],
  ])('reads %s', (_, bodies, expected) => {
    expect(readEvidence(bodies)).toStrictEqual({ ...nothing, ...expected });
  });

  it.each<[string, string, string]>([
    ['is not JSON', '{', 'ignored an unreadable message (it is not JSON)'],
    ['lacks a task', taskEvent('a', { taskArn: undefined }), 'unreadable message (host-1: taskArn is missing)'],
    [
      'names a task that is none',
      taskEvent('a', { taskArn: 'arn:aws:s3:::a/b/c' }),
      'unreadable message (arn:aws:s3:::a/b/c: taskArn is "arn:aws:s3:::a/b/c", which is not the ARN of a task)',
    ],
    [
      'has several odd fields',
      taskEvent('a', { version: '7', createdAt: 'yesterday', containers: [{ name: 5 }] }),
      `unreadable message (${taskArn('a')}: version is "7", which is not a number, ` +
        'createdAt is "yesterday", which is not a time, containers[0].name is "5", which is not a text)',
    ],
    [
      'names a task by more than a word',
      taskEvent('a', { taskArn: `${taskArn('a')}\nprogram x` }),
      'program x", which is not the ARN of a task)',
    ],
    [
      'has an address that is none',
      taskEvent('a', { containers: [{ name: 'web', networkInterfaces: [{ privateIpv4Address: '10.0.0.1 check' }] }] }),
      '"10.0.0.1 check", which is not an IPv4 address)',
    ],
    ...[80.5, -1, 70_000, '80'].map((hostPort): [string, string, string] => [
      `has the port ${JSON.stringify(hostPort)}`,
      taskEvent('a', { containers: [{ name: 'web', networkBindings: [{ containerPort: 80, hostPort }] }] }),
      `networkBindings[0].hostPort is "${hostPort}", which is not ${hostPort === '80' ? 'a number' : 'the number of a port'})`,
    ]),
    [
      'is about a service of no name',
      taskEvent('a', { group: 'service:a\nb' }),
      'group is "service:a\\u{a}b", which is not',
    ],
    [
      'is about a host in no state',
      message('aws.ecs', 'ECS Container Instance State Change', { containerInstanceArn: 'arn:h' }),
      'unreadable message (arn:h: status is missing)',
    ],
    ['is an array', '[]', 'ignored an unreadable message (it is "[]", which is not an object)'],
    ['is nothing', 'null', 'ignored an unreadable message (all of it is missing)'],
  ])('reports a message that %s by its ARN and field, and keeps the rest', (_, body, words) => {
    const { tasks, faults, unclear } = readEvidence([body, taskEvent('b')]);
    expect([tasks.map(({ id }) => id), unclear]).toStrictEqual([['b'], true]);
    expect(faults).toStrictEqual([expect.stringContaining(words)]);
  });
});

describe('what is true of a task', () => {
  const settled = (described: readonly Task[], event: string | undefined, now: number, published: string[] = []) =>
    settle(described, readEvidence(event === undefined ? [] : [event]), new Set(published), now);
  const stopOrder = taskEvent('a', { desiredStatus: 'STOPPED', version: 4 });
  const late = task('a', { state: 'starting', version: 1 });

  it.each<[string, Task, string | undefined, number, Task['state']]>([
    ['is a newer event, while ECS has not caught up', task('a', { version: 3 }), stopOrder, 59, 'stopping'],
    ['is what ECS says, once the event is a minute old', task('a', { version: 3 }), stopOrder, 60, 'running'],
    ['is what ECS says, when the event is older', task('a', { version: 5 }), stopOrder, 0, 'running'],
    ['is what ECS says, when nothing else is known', late, undefined, 0, 'starting'],
    [
      'is stopping for good, whatever a later event says',
      task('a', { state: 'stopping', version: 4 }),
      taskEvent('a', { version: 5 }),
      0,
      'stopping',
    ],
  ])('%s', (_, described, event, seconds, state) => {
    expect(settled([described], event, seconds * second)[0]?.state).toBe(state);
  });

  it('does not go back to starting, once it was published, and stops at a stop order', () => {
    expect(settled([late], undefined, 0, ['a'])[0]?.state).toBe('running');
    expect(settled([{ ...late, state: 'stopping' }], undefined, 0, ['a'])[0]?.state).toBe('stopping');
  });

  it('includes a task too new to be listed', () => {
    expect(settled([], taskEvent('a'), second)).toStrictEqual([task('a')]);
  });

  it('never lets a late RUNNING event bring back a task that is gone', () => {
    expect(settled([], taskEvent('a'), 61 * second)).toStrictEqual([]);
  });
});
