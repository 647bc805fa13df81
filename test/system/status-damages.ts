import type { World } from '../../scripts/local/world';
import type { Check } from '../../scripts/sluice/status/check';
import type { observer } from './observer';

export type Damaged = {
  readonly world: World;
  readonly seen: ReturnType<typeof observer>;
  readonly start: (name: string, command: readonly string[]) => void;
  readonly bad: () => Promise<readonly Check[]>;
  readonly until: (holds: () => Promise<boolean>) => Promise<void>;
};
/** Damages the stage, and returns what repairs it. */
type Damage = (stage: Damaged) => (() => unknown) | Promise<() => unknown>;
type Found = readonly [what: string, says: RegExp, next: RegExp];

const service =
  (name: string, program: string, found: string): Damage =>
  async ({ world, start, bad, until }) => {
    start(name, [process.execPath, '-e', program]);
    await until(async () => (await bad()).map(({ what }) => what).join() === found);
    return () => world.ecs.updateService(name, { desiredCount: 0 });
  };

export const subscription =
  (is: 'pending' | 'none'): Damage =>
  ({ seen: { state } }) => {
    state.subscription = is;
    return () => Object.assign(state, { subscription: 'confirmed' });
  };

const agentGone: Damage = ({ world, seen }) => {
  seen.state.offline.add(world.proxies.current(1).id);
  return () => seen.state.offline.clear();
};

const addressLost: Damage = ({ world }) => {
  const [address] = world.proxies.addresses;
  const holder = address?.held();
  if (holder) address?.leave(holder);
  return () => holder && address?.moveTo(holder);
};

const pointerDamaged: Damage = ({ world }) => {
  world.aws.parameters.put({ Name: '/sluice/dev/haproxy/current', Value: '{', Type: 'String', Overwrite: true });
  return () => world.tick();
};

const lettersDead: Damage = ({ world }) => {
  world.aws.deadLetters.push({} as never, {} as never);
  return () => world.aws.deadLetters.splice(0);
};

const certificatesGone: Damage = ({ world: { aws } }) => {
  const Name = '/sluice/dev/certificates/index';
  const Value = aws.parameters.read(Name) ?? '';
  aws.parameters.forget(Name);
  return () => aws.parameters.put({ Name, Value, Type: 'String' });
};

const alarmed: Damage = ({ seen }) => {
  const early = Date.now() - 3 * 3_600_000;
  seen.alarm('push', 'ALARM', Date.now());
  for (const name of ['entrance', 'renew', 'cpu-credits']) seen.alarm(name, 'INSUFFICIENT_DATA', early);
  seen.alarm('certificate', 'INSUFFICIENT_DATA', Date.now());
  return () => ['push', 'entrance', 'certificate', 'renew', 'cpu-credits'].map((each) => seen.alarm(each, 'OK', 0));
};

const awsGone: Damage = ({ world }) => {
  world.aws.api.switch(false);
  return () => world.aws.api.switch(true);
};

const http2 = "require('http2').createServer().listen(Number(process.env.PORT), process.env.HOST)";
const speaksHttp2 =
  /^HAProxy cannot speak to 1: sluice-dev\.rpc\/\w{8} at 127\.[\d.]+:\d+ \(speaks HTTP\/2 only, as gRPC does\)$/;
const advice =
  /^Sluice speaks HTTP\/1\.1 without TLS to tasks, and HTTP\/2 if haproxy\.proto is h2c, .* haproxy\.port$/;
const unreached = /^1 get no requests: sluice-dev\.mute\/\w{8} at 127\.[\d.]+:\d+ \(L4CON\)$/;
const compare = /^L4CON: nothing listens; compare haproxy.port with what the container listens on$/;
const terminate = /aws ec2 terminate-instances --instance-ids i-/;
const [mute, any] = ['setInterval(() => {}, 1000)', /./];

/** Damages that do not hide each other are done together. */
const together =
  (...all: readonly Damage[]): Damage =>
  async (stage) => {
    const repairs: (() => unknown)[] = [];
    for (const damage of all) repairs.push(await damage(stage));
    return async () => {
      for (const repair of repairs) await repair();
    };
  };

export const damages: readonly (readonly [string, Damage, readonly Found[]])[] = [
  [
    'an agent that is gone, messages that failed, no certificate, and a mail that nobody gets',
    together(agentGone, lettersDead, certificatesGone, subscription('none')),
    [
      ['proxy 1', /but its agent is ConnectionLost$/, terminate],
      ['dead letters', /^2 messages failed five times$/, /log group .* purge/],
      ['certificates', /^no certificate is stored yet$/, /\/aws\/lambda\/sluice-dev-renew/],
      ['alarm e-mail', any, /aws sns subscribe --topic-arn arn:/],
    ],
  ],
  [
    'an address that nobody holds; an alarm, and one that has heard nothing for too long, not one that is new',
    together(addressLost, alarmed),
    [
      ['proxy 1', any, /--auto-scaling-group-name sluice-dev-proxy-1/],
      ['certificate 1', any, any],
      ['alarm push', /^A proxy could not apply/, /^npx sluice status/],
      ['alarm entrance', /^has no data\. A proxy did not answer/, any],
    ],
  ],
  [
    'a sync that fails',
    pointerDamaged,
    [
      ['published', /haproxy\/current version \d+ is damaged/, /^wait for the next tick/],
      ['sync 1', /haproxy\/current:\d+ is damaged/, /^correct what it names; every/],
    ],
  ],
  [
    'a task that the proxy cannot reach, and one that speaks HTTP/2 only',
    together(service('mute', mute, 'tasks 1'), service('rpc', http2, 'tasks 1,protocol 1')),
    [
      ['tasks 1', unreached, compare],
      ['protocol 1', speaksHttp2, advice],
    ],
  ],
  [
    'AWS itself, which answers nothing',
    awsGone,
    ['proxies', 'published', 'sync', 'services', 'queue', 'certificates', 'alarms'].map(
      (what): Found => [what, any, any],
    ),
  ],
];
