import { type Evidence, readEvidence, settle } from '../../lib/fleet/evidence';
import type { Task } from '../../lib/fleet/task';
import { task, taskArn, taskEvent } from '../builders';

const second = 1_000;
const nothing = { tick: false, hosts: [], unclear: false, warned: [], faults: [] };

describe('reading a batch', () => {
  it('reads a task from an event as from the API, the IPv6 twin of a port dropped', () => {
    expect(readEvidence([taskEvent('a')])).toStrictEqual({
      ...nothing,
      tasks: [{ ...task('a'), at: 0 }],
    });
  });

  it.each([
    [
      'UDP beside TCP',
      [
        ['0.0.0.0', 53, 40_000, 'udp'],
        ['0.0.0.0', 53, 40_001, 'tcp'],
      ],
      [[53, 40_001, 1]],
    ],
    ['UDP alone', [['0.0.0.0', 53, 40_000, 'UDP']], []],
    ['no protocol', [['0.0.0.0', 80, 40_000, undefined]], [[80, 40_000, 1]]],
    [
      'IPv6 first, with another port',
      [
        ['::', 80, 40_002, 'tcp'],
        ['0.0.0.0', 80, 40_001, 'tcp'],
      ],
      [[80, 40_001, 1]],
    ],
    ['IPv6 alone', [['::', 80, 40_002, 'tcp']], [[80, 40_002, 1]]],
    [
      'IPv6 of one port, IPv4 of another',
      [
        ['::', 80, 1, 'tcp'],
        ['0.0.0.0', 81, 2, 'tcp'],
      ],
      [
        [81, 2, 1],
        [80, 1, 1],
      ],
    ],
    [
      'IPv6 of a range, IPv4 of a port in it',
      [
        ['::', '80-89', '180-189', 'tcp'],
        ['0.0.0.0', 80, 2, 'tcp'],
      ],
      [
        [80, 2, 1],
        [80, 180, 10],
      ],
    ],
    [
      'a range',
      [
        ['0.0.0.0', '8000-8009', '40000-40009', 'tcp'],
        ['::', '8000-8009', '41000-41009', 'tcp'],
      ],
      [[8_000, 40_000, 10]],
    ],
    ['a range that is none', [['0.0.0.0', '9-8', 'all', 'tcp']], []],
  ])('reads bound ports: %s', (_, given, expected) => {
    const networkBindings = given.map(([bindIP, container, hostPort, protocol]) =>
      typeof container === 'string'
        ? { bindIP, containerPortRange: container, hostPortRange: hostPort, protocol }
        : { bindIP, containerPort: container, hostPort, protocol },
    );
    const [read] = readEvidence([taskEvent('a', { containers: [{ name: 'web', networkBindings }] })]).tasks;

    expect(
      read?.containers[0]?.bindings.map(({ containerPort, hostPort, count }) => [containerPort, hostPort, count]),
    ).toStrictEqual(expected);
  });

  it('takes a field that is null for one that is absent', () => {
    const [read] = readEvidence([taskEvent('a', { healthStatus: null, stoppedAt: null })]).tasks;

    expect(read).toStrictEqual({ ...task('a'), at: 0 });
  });

  it('takes the stop order for the end, though the task still runs', () => {
    const [stopping] = readEvidence([taskEvent('a', { desiredStatus: 'STOPPED' })]).tasks;

    expect(stopping?.state).toBe('stopping');
  });

  it('knows the tick', () => {
    expect(readEvidence(['{"source":"sluice.tick","id":"1"}'])).toStrictEqual({ ...nothing, tick: true, tasks: [] });
  });

  it('hears the warning of a Spot instance', () => {
    const warning = {
      source: 'aws.ec2',
      time: new Date(0).toISOString(),
      'detail-type': 'EC2 Spot Instance Interruption Warning',
      detail: { 'instance-id': 'i-1', 'instance-action': 'terminate' },
    };

    expect(readEvidence([JSON.stringify(warning)]).warned).toStrictEqual([{ instanceId: 'i-1', at: 0 }]);
  });

  it('reads the address of a task that has one of its own, and the family of one that only says a service started it', () => {
    const [alone] = readEvidence([
      taskEvent('a', {
        group: 'service:shop',
        startedBy: 'somebody',
        taskDefinitionArn: 'arn:aws:ecs:eu-west-2:123456789012:task-definition/migrate:3',
        containers: [
          {
            name: 'web',
            lastStatus: 'RUNNING',
            networkInterfaces: [{ ipv6Address: 'fd00::9' }, { privateIpv4Address: '10.0.9.9' }],
          },
        ],
      }),
    ]).tasks;

    expect(alone).toMatchObject({ service: '.migrate', containers: [{ address: '10.0.9.9', bindings: [] }] });
  });

  it('hears of a host that drains, or takes work again', () => {
    const change = (status: string) =>
      JSON.stringify({
        source: 'aws.ecs',
        'detail-type': 'ECS Container Instance State Change',
        detail: { containerInstanceArn: 'host-1', status },
      });

    expect(readEvidence([change('DRAINING'), change('ACTIVE')]).hosts).toStrictEqual([
      { arn: 'host-1', draining: true },
      { arn: 'host-1', draining: false },
    ]);
  });

  it('looks again for an event it does not know', () => {
    expect(readEvidence(['{"source":"sluice.renew"}'])).toStrictEqual({ ...nothing, unclear: true, tasks: [] });
  });

  it.each([
    ['is not JSON', '{', 'ignored a message that is not what it says (it is not JSON)'],
    ['lacks a task', taskEvent('a', { taskArn: undefined }), 'not what it says (host-1: taskArn is missing)'],
    [
      'names a task that is none',
      taskEvent('a', { taskArn: 'arn:aws:s3:::a/b/c' }),
      'not what it says (arn:aws:s3:::a/b/c: taskArn is "arn:aws:s3:::a/b/c", which is not the ARN of a task)',
    ],
    [
      'lacks a version',
      taskEvent('a', { version: undefined }),
      `not what it says (${taskArn('a')}: version is missing)`,
    ],
    [
      'has several odd fields',
      taskEvent('a', { version: '7', createdAt: 'yesterday', containers: [{ name: 5 }] }),
      `not what it says (${taskArn('a')}: version is "7", which is not a number, ` +
        'createdAt is "yesterday", which is not a time, containers[0].name is "5", which is not a text)',
    ],
    [
      'is about a service of a name that is none',
      taskEvent('a', { group: 'service:a\nb' }),
      'group is "service:a\\u{a}b", which is not the group of a service',
    ],
    [
      'is about a host in no state',
      '{"source":"aws.ecs","detail-type":"ECS Container Instance State Change","detail":{"containerInstanceArn":"arn:h"}}',
      'not what it says (arn:h: status is missing)',
    ],
    [
      'warns nobody',
      '{"source":"aws.ec2","detail-type":"EC2 Spot Instance Interruption Warning","resources":["arn:i"],"detail":{}}',
      'not what it says (arn:i: instance-id is missing)',
    ],
    ['is an array', '[]', 'ignored a message that is not what it says (it is "[]", which is not an object)'],
    ['is nothing', 'null', 'ignored a message that is not what it says (all of it is missing)'],
  ])('reports a message that %s by its ARN and field, and keeps the rest', (_, body, words) => {
    const evidence = readEvidence([body, taskEvent('b')]);

    expect(evidence.tasks.map(({ id }) => id)).toStrictEqual(['b']);
    expect(evidence.faults).toStrictEqual([expect.stringContaining(words)]);
    expect(evidence.unclear).toBe(true);
  });
});

const settled = (described: readonly Task[], evidence: Evidence, now: number, published: string[] = []) =>
  settle(described, evidence, new Set(published), now);

describe('what is true of a task', () => {
  const stopOrder = (version: number) =>
    readEvidence([taskEvent('a', { desiredStatus: 'STOPPED', version }, new Date(0))]);

  it('is a newer event, while ECS has not caught up', () => {
    expect(settled([task('a', { version: 3 })], stopOrder(4), 59 * second)[0]?.state).toBe('stopping');
  });

  it('is what ECS says, once the event is a minute old', () => {
    expect(settled([task('a', { version: 3 })], stopOrder(4), 60 * second)[0]?.state).toBe('running');
  });

  it('is what ECS says, when the event is older', () => {
    expect(settled([task('a', { version: 5 })], stopOrder(4), 0)[0]?.state).toBe('running');
  });

  it('includes a task too new to be listed', () => {
    expect(settled([], readEvidence([taskEvent('a')]), second)).toStrictEqual([task('a')]);
  });

  it('does not go back to starting, once it was published', () => {
    const late = [task('a', { state: 'starting', version: 1 })];

    expect(settled(late, readEvidence([]), 0, ['a'])[0]?.state).toBe('running');
    expect(settled(late, readEvidence([]), 0)[0]?.state).toBe('starting');
  });

  it('never lets a late RUNNING event bring back a task that is gone', () => {
    expect(settled([], readEvidence([taskEvent('a')]), 61 * second)).toStrictEqual([]);
  });

  it('is stopping for good, whatever a later event says', () => {
    const stopping = task('a', { state: 'stopping', version: 4 });

    expect(settled([stopping], readEvidence([taskEvent('a', { version: 5 })]), 0)[0]?.state).toBe('stopping');
  });
});
