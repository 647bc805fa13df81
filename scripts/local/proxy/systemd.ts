import { existsSync, readFileSync } from 'node:fs';
import { haproxy } from '../../real/haproxy';
import { bodyOf, serve } from '../../real/loopback';
import type { Process } from '../../real/processes';
import { fail } from '../api/errors';
import type { Say } from '../moment';
import type { Timers } from '../timers';
import type { Machine } from './machine';

/** The unit of Debian's and Ubuntu's package (haproxy: debian/haproxy.service), as far as it is played. */
const packaged: Readonly<Record<string, string>> = {
  'haproxy.service': [
    '[Service]',
    'EnvironmentFile=-/etc/default/haproxy',
    'Environment="CONFIG=/etc/haproxy/haproxy.cfg" "PIDFILE=/run/haproxy.pid" "EXTRAOPTS=-S /run/haproxy-master.sock"',
    'ExecStart=/usr/sbin/haproxy -Ws -f $CONFIG -p $PIDFILE $EXTRAOPTS',
    'ExecReload=/usr/sbin/haproxy -Ws -f $CONFIG -c -q $EXTRAOPTS',
    'ExecReload=/bin/kill -USR2 $MAINPID',
    'Restart=always',
    'Type=notify',
  ].join('\n'),
};

type Deps = {
  readonly timers: Pick<Timers, 'after'>;
  readonly say: Say;
  /** Restarts a unit that another part plays. */
  readonly others: Readonly<Record<string, () => void>>;
};
/** The values of each key, in the order of the files. */
type Unit = Readonly<Record<string, readonly string[] | undefined>>;
type State = Deps & {
  readonly machine: Machine;
  readonly running: Map<string, Process>;
  readonly enabled: Set<string>;
  readonly restarts: Map<string, number>;
  isOn: boolean;
};

/** A machine's service manager: its units as they lie on its disk, drop-ins over the package's own (systemd.unit, systemd.service). */
export async function serviceManager(machine: Machine, deps: Deps) {
  const state: State = { ...deps, machine, running: new Map(), enabled: new Set(), restarts: new Map(), isOn: true };
  const served = await serve(async (request, response) => {
    const words = (await bodyOf(request)).toString().split(' ');
    await obey(state, words).then(
      () => response.end(),
      (error: Error) => response.writeHead(400).end(error.message),
    );
  });
  return {
    endpoint: served.endpoint,
    /** Starts all enabled units side by side, as at every boot. */
    boot: (): void => {
      state.isOn = true;
      for (const name of state.enabled) start(state, name);
    },
    /** Kills all units at once, as a power cut does. */
    cut: async (): Promise<void> => {
      state.isOn = false;
      const ending = [...state.running.values()];
      for (const child of ending) child.kill('SIGKILL');
      await Promise.all(ending.map(({ exited }) => exited));
    },
    stop: served.stop,
  };
}

export type ServiceManager = Awaited<ReturnType<typeof serviceManager>>;

/** Obeys a command line of the stand-in, bin/systemctl. */
async function obey(state: State, [verb = '', ...names]: readonly string[]): Promise<void> {
  for (const name of verb === 'daemon-reload' ? [] : names) {
    readUnit(name, state.machine);
    const restart = state.others[name];
    if (verb === 'try-restart' && restart) restart();
    else if (verb === 'enable') state.enabled.add(name);
    else if (verb === 'start') start(state, name);
    else if (verb === 'reload') await reload(state, name);
    else fail(`the local world does not play systemctl ${verb} ${name}`);
  }
}

function start(state: State, name: string): void {
  const { machine, running, restarts, timers, say } = state;
  const unit = readUnit(name, machine);
  if (running.has(name) || !state.isOn) return;
  const missing = unit.ConditionPathExists?.find((path) => !existsSync(machine.located(path)));
  if (missing) return void machine.write(`systemd: ${name} is skipped, for ${missing} does not exist`);
  const environment = environmentOf(unit, machine);
  const child = machine.launch(argvOf(last(unit, 'ExecStart'), environment, machine), environment, machine.write);
  running.set(name, child);
  say('boot', `systemd on ${machine.id} starts ${name}`);
  const limit = last(unit, 'Type') === 'oneshot' ? last(unit, 'TimeoutStartSec') : '';
  if (limit !== '') timers.after(milliseconds(limit), () => child.kill('SIGTERM'));
  void child.exited.then(({ code, signal }) => {
    running.delete(name);
    if (!state.isOn || !startsAgain(unit, code)) return void restarts.delete(name);
    say('haproxy', `${name} on ${machine.id} ended (${signal ?? code}); systemd starts it again`);
    const before = restarts.get(name) ?? 0;
    restarts.set(name, before + 1);
    timers.after(restartMs(unit, before), () => start(state, name));
  });
}

/** Runs its commands one after the other; with `-` before it, one may fail (systemd.service: ExecReload). */
async function reload({ machine, running }: State, name: string): Promise<void> {
  const unit = readUnit(name, machine);
  const main = running.get(name) ?? fail(`${name} is not active, cannot reload.`);
  const environment = { ...environmentOf(unit, machine), MAINPID: `${main.pid}` };
  for (const line of unit.ExecReload ?? []) {
    const argv = argvOf(line.replace(/^-/, ''), environment, machine);
    const { code } = await machine.launch(argv, environment, machine.write).exited;
    if (code !== 0 && !line.startsWith('-')) fail(`${name} could not be reloaded: ${line} ended with ${code}`);
  }
}

const last = (unit: Unit, key: string): string => unit[key]?.at(-1) ?? '';

/** systemd.service: Restart, RestartPreventExitStatus. */
const startsAgain = (unit: Unit, code: number | null): boolean =>
  !last(unit, 'RestartPreventExitStatus').split(' ').includes(`${code}`) &&
  (last(unit, 'Restart') === 'always' || (last(unit, 'Restart') === 'on-failure' && code !== 0));

/** From the first pause to the longest in equal factors (systemd.service: RestartSteps, RestartMaxDelaySec). */
function restartMs(unit: Unit, before: number): number {
  const first = milliseconds(last(unit, 'RestartSec') || '100ms');
  const steps = Number(last(unit, 'RestartSteps'));
  const longest = milliseconds(last(unit, 'RestartMaxDelaySec'));
  return steps === 0 ? first : first * (longest / first) ** Math.min(1, before / steps);
}

/** A time span of one unit (systemd.time). */
function milliseconds(span: string): number {
  const [, number, unit = ''] = /^([\d.]+)(ms|s|min)$/.exec(span) ?? [];
  return Number(number) * ({ ms: 1, s: 1_000, min: 60_000 }[unit] ?? Number.NaN);
}

/** The package's own unit, the one on the disk, and its drop-in. An empty value takes back those before it. */
function readUnit(name: string, { located }: Machine): Unit {
  const files = [`/etc/systemd/system/${name}`, `/etc/systemd/system/${name}.d/sluice.conf`].map(located);
  const texts = files.filter(existsSync).map((file) => readFileSync(file, 'utf8'));
  const found = [packaged[name] ?? [], ...texts].flat();
  if (found.length === 0) fail(`Unit ${name} not found.`);
  const unit: Record<string, string[]> = {};
  for (const [, key = '', value = ''] of found.join('\n').matchAll(/^(\w+)=(.*)$/gm)) {
    unit[key] = value === '' ? [] : [...(unit[key] ?? []), value];
  }
  return unit;
}

function environmentOf({ EnvironmentFile = [], Environment = [] }: Unit, { located }: Machine): Record<string, string> {
  const files = EnvironmentFile.map((path) => located(path.replace(/^-/, ''))).filter(existsSync);
  const pairs = [
    ...Environment.flatMap((line) => Array.from(line.matchAll(/"([^"]*)"/g), ([, pair = '']) => pair)),
    ...files.flatMap((file) => readFileSync(file, 'utf8').trim().split('\n')),
  ];
  return Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
}

/** Starts HAProxy without `-s`, by which it would report to a real systemd that it is ready. */
const argvOf = (line: string, environment: Record<string, string>, { located }: Machine): readonly string[] =>
  line
    .replace(/\$(\w+)/g, (_, name: string) => environment[name] ?? '')
    .replace('/usr/sbin/haproxy -Ws', `${haproxy} -W`)
    .replace(/\/usr\/bin\/(flock|node)/g, '$1')
    .split(' ')
    .map(located);
