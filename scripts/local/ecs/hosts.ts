import { ownAddress } from '../../real/loopback';
import { fail } from '../api/errors';
import type { Event } from '../events/eventbridge';
import type { Played } from '../moment';
import { account, region } from '../package/template';
import { hostShape } from './shapes';
import { arn, type Host, type Task } from './task';

type State = Pick<Played, 'delays' | 'timers' | 'say'> & {
  readonly hosts: Host[];
  readonly putEvent: (event: Event) => void;
  readonly tasks: ReadonlyMap<string, Task>;
};
type Listener = {
  readonly died: (task: Task) => void;
  /** ECS has noticed that the task's instance is gone. */
  readonly gone: (task: Task) => void;
};

/** The container instances of the played clusters, and the EC2 instances that they are. */
export function playHosts(state: State, listener: Listener) {
  const known = (ec2Id: string): Host =>
    state.hosts.find((each) => each.ec2Id === ec2Id && !each.lost) ?? fail(`there is no instance ${ec2Id}`);
  return {
    setHostStatus: (ec2Id: string, status: Host['status']): void => setStatus(state, known(ec2Id), status),
    addHost: (cluster: string, managed = false): string => {
      const host = newHost(cluster, managed);
      state.hosts.push(host);
      state.say('host', `instance ${host.address} joins ${cluster}`);
      changed(state, host);
      return host.ec2Id;
    },
    /** Two minutes' notice; the agent drains its instance a second later. When it ends is the caller's to say. */
    warnHost: (ec2Id: string): void => warn(state, known(ec2Id)),
    /** The instance ends at once, with all its processes. ECS learns of it afterwards. */
    loseHost: (ec2Id: string): void => lose(state, known(ec2Id), listener),
  };
}

/** AWS: ECS container instance state change events. */
const changed = ({ putEvent }: State, host: Host): void =>
  putEvent({
    source: 'aws.ecs',
    'detail-type': 'ECS Container Instance State Change',
    resources: [host.arn],
    detail: { ...hostShape(host), clusterArn: arn('cluster', host.cluster), updatedAt: new Date().toISOString() },
  });

function setStatus(state: State, host: Host, status: Host['status']): void {
  Object.assign(host, { status, version: host.version + 1 });
  state.say('host', `instance ${host.address} is ${status}`);
  changed(state, host);
}

/** AWS: Spot interruption notices. With ECS_ENABLE_SPOT_INSTANCE_DRAINING the agent drains its instance. */
function warn(state: State, host: Host): void {
  state.say('host', `instance ${host.address} gets a Spot warning`);
  state.putEvent({
    source: 'aws.ec2',
    'detail-type': 'EC2 Spot Instance Interruption Warning',
    resources: [`arn:aws:ec2:${region}:${account}:instance/${host.ec2Id}`],
    detail: { 'instance-id': host.ec2Id, 'instance-action': 'terminate' },
  });
  state.timers.after(state.delays.spotDrainMs, () => host.lost || setStatus(state, host, 'DRAINING'));
}

function lose(state: State, host: Host, { died, gone }: Listener): void {
  const there = () => [...state.tasks.values()].filter((task) => task.host === host && task.lastStatus !== 'STOPPED');
  host.lost = true;
  state.say('host', `instance ${host.address} is gone`);
  for (const task of there()) {
    const wasInService = task.lastStatus === 'RUNNING' && task.desiredStatus === 'RUNNING';
    for (const { process } of task.containers) process?.kill('SIGKILL');
    void Promise.all(task.containers.map(({ process }) => process?.exited)).then(() => wasInService && died(task));
  }
  state.timers.after(state.delays.hostLostMs, () => {
    // ASSUMED: stop code and words, and that a task goes straight to STOPPED.
    const why = { stopCode: 'TerminationNotice', stoppedReason: `Host EC2 (instance ${host.ec2Id}) terminated.` };
    for (const task of there()) {
      Object.assign(task, { stoppingAt: Date.now(), ...why, desiredStatus: 'STOPPED' });
      gone(task);
    }
    // ASSUMED: a deregistered instance is unknown from now on, and EC2 forgets its address.
    state.hosts.splice(state.hosts.indexOf(host), 1);
  });
}

let made = 0;

function newHost(cluster: string, managed = false): Host {
  made += 1;
  const ec2Id = `i-${made.toString(16).padStart(17, '0')}`;
  const containerInstance = arn('container-instance', `${cluster}/${ec2Id.slice(2)}`);
  const state = { status: 'ACTIVE', version: 1, lost: false } as const;
  return { ec2Id, cluster, arn: containerInstance, address: ownAddress(), ...state, managed };
}

export const twoHosts = (cluster: string): Host[] => [newHost(cluster), newHost(cluster)];
