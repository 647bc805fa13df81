import type { World } from '../../local/world';
import { crashing, hello, shop } from '../cast';
import { runningTasks, service } from '../stage';

type Ecs = World['ecs'];
/** A button: what it is called now, and why it cannot act now. */
type Act = {
  readonly label: () => string;
  readonly why?: () => string | undefined | false;
  readonly play: () => void;
};
type Named = Readonly<Record<string, Act>>;

/** AWS gives two minutes; on this faster clock the instance ends so long after its warning. */
const spotMs = 12_000;
const most = 12;

/** What a person may do after the story, each as ECS, EC2 or an operator does it. */
export function actsOn({ ecs, controlPlane }: World) {
  const timers = new Set<NodeJS.Timeout>();
  const later = (run: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      run();
    }, spotMs);
    timers.add(timer);
  };
  const acts: Named = { ...onTasks(ecs), ...onInstances(ecs, later), ...onControlPlane(controlPlane), ...onShop(ecs) };
  const whyNot = (name: string): string | undefined => acts[name]?.why?.() || undefined;
  return {
    list: () => Object.entries(acts).map(([name, { label }]) => ({ name, label: label(), why: whyNot(name) })),
    /** Returns why it cannot be done, or nothing. */
    play: (name: string): string | undefined => {
      if (!Object.hasOwn(acts, name)) return 'there is no such button';
      const why = whyNot(name);
      if (why === undefined) acts[name]?.play();
      return why;
    },
    stop: () => timers.forEach(clearTimeout),
  };
}

function onTasks(ecs: Ecs): Named {
  const desired = () => ecs.services().find(({ name }) => name === service)?.desiredCount ?? 0;
  const version = () => Math.max(0, ...ecs.tasks(service).map(({ revision }) => revision)) + 1;
  const scale = (by: number) => ecs.updateService(service, { desiredCount: desired() + by });
  const none = () => runningTasks(ecs).length === 0 && `${service} has no running task`;
  const deploy = () => {
    const taskDefinition = ecs.registerTaskDefinition(hello(version()));
    ecs.updateService(service, { taskDefinition, maximumPercent: 200 });
  };
  const enough = () => desired() >= most && `${most} tasks are enough here`;
  return {
    deploy: { label: () => `Deploy version ${version()}`, why: none, play: deploy },
    more: { label: () => 'Scale +1', why: enough, play: () => scale(1) },
    fewer: { label: () => 'Scale −1', why: () => desired() === 0 && 'it is scaled to 0', play: () => scale(-1) },
    kill: { label: () => 'Kill a task', why: none, play: () => ecs.killTask(runningTasks(ecs)[0]?.id ?? '') },
  };
}

function onInstances(ecs: Ecs, later: (run: () => void) => void): Named {
  let isWarned = false;
  const oldest = () => ecs.hosts().find(({ status, lost }) => status === 'ACTIVE' && !lost);
  const warn = () => {
    const { ec2Id = '' } = oldest() ?? {};
    isWarned = true;
    ecs.warnHost(ec2Id);
    ecs.addHost();
    later(() => {
      ecs.loseHost(ec2Id);
      isWarned = false;
    });
  };
  const why = () =>
    isWarned ? 'an instance has a warning already' : oldest() === undefined && 'no instance is active';
  return { spot: { label: () => 'Spot warning', why, play: warn } };
}

function onControlPlane(controlPlane: World['controlPlane']): Named {
  let isOff = false;
  const change = () => {
    controlPlane(isOff, 'held');
    isOff = !isOff;
  };
  return { 'control-plane': { label: () => `Control plane ${isOff ? 'on' : 'off'}`, play: change } };
}

function onShop(ecs: Ecs): Named {
  let isBroken = false;
  const deploy = (definition: Parameters<Ecs['registerTaskDefinition']>[0], broken: boolean) => () => {
    const taskDefinition = ecs.registerTaskDefinition(definition);
    if (ecs.services().some(({ name }) => name === 'shop')) ecs.updateService('shop', { taskDefinition });
    else ecs.createService({ name: 'shop', taskDefinition, desiredCount: 1 });
    isBroken = broken;
  };
  const already = () => isBroken && 'shop is broken already: mend it first';
  const misspelt = shop(2, { 'haproxy.hots': 'shop.example' });
  return {
    break: { label: () => 'Break a label of shop', why: already, play: deploy(misspelt, true) },
    crash: { label: () => 'Deploy a shop that crashes', why: already, play: deploy(crashing, true) },
    mend: { label: () => 'Mend shop', why: () => !isBroken && 'nothing is broken', play: deploy(shop(1), false) },
  };
}
