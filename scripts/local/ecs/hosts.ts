import { ownAddress } from '../api/loopback';
import type { Delays } from '../delays';
import type { Event } from '../events/eventbridge';
import type { Say } from '../moment';
import { account, region } from '../package/template';
import type { Timers } from '../timers';
import { arn, type Host, type Task } from './task';

type Deps = {
  readonly delays: Delays;
  readonly timers: Timers;
  readonly say: Say;
  readonly putEvent: (event: Event) => void;
  readonly tasks: ReadonlyMap<string, Task>;
  readonly died: (task: Task) => void;
  /** ECS notices that it is gone. */
  readonly gone: (task: Task) => void;
};

/** The container instances of the played clusters, and the EC2 instances that they are. */
export function playHosts(hosts: Host[], { delays, timers, say, putEvent, tasks, died, gone }: Deps) {
  const known = (ec2Id: string): Host => {
    const host = hosts.find((each) => each.ec2Id === ec2Id && !each.lost);
    if (!host) throw new Error(`there is no instance ${ec2Id}`);
    return host;
  };
  /** AWS: ECS container instance state change events. */
  const changed = (host: Host): void =>
    putEvent({
      source: 'aws.ecs',
      'detail-type': 'ECS Container Instance State Change',
      resources: [host.arn],
      detail: { ...hostShape(host), clusterArn: arn('cluster', host.cluster), updatedAt: new Date().toISOString() },
    });

  const tasksOn = (host: Host): readonly Task[] =>
    [...tasks.values()].filter((task) => task.host === host && task.lastStatus !== 'STOPPED');

  function killTasks(host: Host): void {
    for (const task of tasksOn(host)) {
      const inService = task.lastStatus === 'RUNNING' && task.desiredStatus === 'RUNNING';
      for (const { process } of task.containers) process?.kill('SIGKILL');
      void Promise.all(task.containers.map(({ process }) => process?.exited)).then(() => inService && died(task));
    }
  }

  /** ASSUMED: stop code and words, and that a task goes straight to STOPPED. */
  function missTasks(host: Host): void {
    const why = { stopCode: 'TerminationNotice', stoppedReason: `Host EC2 (instance ${host.ec2Id}) terminated.` };
    for (const task of tasksOn(host)) {
      Object.assign(task, { stoppingAt: Date.now(), ...why, desiredStatus: 'STOPPED' });
      gone(task);
    }
  }

  function setStatus(ec2Id: string, status: Host['status']): void {
    const host = known(ec2Id);
    Object.assign(host, { status, version: host.version + 1 });
    say('host', `instance ${host.address} is ${status}`);
    changed(host);
  }

  return {
    setStatus,
    add(cluster: string, managed = false): string {
      const host = newHost(cluster, managed);
      hosts.push(host);
      say('host', `instance ${host.address} joins ${cluster}`);
      changed(host);
      return host.ec2Id;
    },
    /** AWS: Spot interruption notices. With ECS_ENABLE_SPOT_INSTANCE_DRAINING the agent drains its instance. */
    warn(ec2Id: string): void {
      const host = known(ec2Id);
      say('host', `instance ${host.address} gets a Spot warning`);
      putEvent({
        source: 'aws.ec2',
        'detail-type': 'EC2 Spot Instance Interruption Warning',
        resources: [`arn:aws:ec2:${region}:${account}:instance/${ec2Id}`],
        detail: { 'instance-id': ec2Id, 'instance-action': 'terminate' },
      });
      timers.after(delays.spotDrainMs, () => host.lost || setStatus(ec2Id, 'DRAINING'));
    },
    lose(ec2Id: string): void {
      const host = known(ec2Id);
      host.lost = true;
      say('host', `instance ${host.address} is gone`);
      killTasks(host);
      timers.after(delays.hostLostMs, () => {
        missTasks(host);
        // ASSUMED: a deregistered instance is unknown from now on, and EC2 forgets its address.
        hosts.splice(hosts.indexOf(host), 1);
      });
    },
  };
}

/** What the API and the events share. */
export const hostShape = ({ arn: containerInstanceArn, ec2Id, status, version, lost }: Host) => ({
  containerInstanceArn,
  ec2InstanceId: ec2Id,
  status,
  agentConnected: !lost,
  version,
});

let made = 0;

function newHost(cluster: string, managed = false): Host {
  made += 1;
  const ec2Id = `i-${made.toString(16).padStart(17, '0')}`;
  const containerInstance = arn('container-instance', `${cluster}/${ec2Id.slice(2)}`);
  const state = { status: 'ACTIVE', version: 1, lost: false } as const;
  return { ec2Id, cluster, arn: containerInstance, address: ownAddress(), ...state, managed };
}

export const twoHosts = (cluster: string): Host[] => [newHost(cluster), newHost(cluster)];
