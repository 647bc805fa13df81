import { existsSync, readFileSync } from 'node:fs';
import { fail } from '../api/errors';
import { bodyOf, serve } from '../api/loopback';
import type { Say } from '../moment';
import type { Process } from '../processes';
import type { Timers } from '../timers';
import { haproxy } from './haproxy';
import type { Machine } from './machine';

/** Of Debian's and Ubuntu's package (haproxy: debian/haproxy.service), as far as it is played. */
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
  /** A unit was restarted that another part plays. */
  readonly restarted: (unit: string) => void;
};
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
    /** What is enabled starts side by side, as at every boot. */
    boot: (): void => {
      state.isOn = true;
      for (const name of state.enabled) start(state, name);
    },
    /** Everything ends at once, as without power. */
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

/** The command line of the stand-in, bin/systemctl. */
async function obey(state: State, [verb = '', ...names]: readonly string[]): Promise<void> {
  if (verb === 'daemon-reload') return;
  for (const name of names) {
    readUnit(name, state.machine);
    if (verb === 'enable') state.enabled.add(name);
    else if (verb === 'start') start(state, name);
    else if (verb === 'reload') await reload(state, name);
    else if (verb === 'try-restart') state.restarted(name);
    else fail(`the local world does not play systemctl ${verb}`);
  }
}

function start(state: State, name: string): void {
  const { machine, running, restarts, timers, say } = state;
  const unit = readUnit(name, machine);
  if (running.has(name) || !state.isOn) return;
  const missing = unit.ConditionPathExists?.find((path) => !existsSync(machine.located(path)));
  if (missing) return void machine.write(`systemd: ${name} is skipped, for ${missing} does not exist`);
  const environment = environmentOf(unit, machine);
  const child = machine.launch(argvOf(unit.ExecStart?.at(-1) ?? '', environment, machine), environment, machine.write);
  running.set(name, child);
  say('boot', `systemd on ${machine.id} starts ${name}`);
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

/** systemd.service: Restart, RestartPreventExitStatus. */
const startsAgain = ({ Restart = [], RestartPreventExitStatus = [] }: Unit, code: number | null): boolean =>
  !RestartPreventExitStatus.join(' ').split(' ').includes(`${code}`) &&
  (Restart.at(-1) === 'always' || (Restart.at(-1) === 'on-failure' && code !== 0));

/** From the first pause to the longest in equal factors (systemd.service: RestartSteps, RestartMaxDelaySec). */
function restartMs({ RestartSec = [], RestartSteps = [], RestartMaxDelaySec = [] }: Unit, before: number): number {
  const first = milliseconds(RestartSec.at(-1) ?? '100ms');
  const steps = Number(RestartSteps.at(-1) ?? 0);
  if (steps === 0) return first;
  return first * (milliseconds(RestartMaxDelaySec.at(-1) ?? '') / first) ** Math.min(1, before / steps);
}

/** A time span of one unit (systemd.time). */
function milliseconds(span: string): number {
  const [, number = '', unit = 's'] = /^([\d.]+)(ms|s|min)?$/.exec(span) ?? [];
  return Number(number) * ({ ms: 1, s: 1_000, min: 60_000 }[unit] ?? Number.NaN);
}

function readUnit(name: string, { located }: Machine): Unit {
  const files = [`/etc/systemd/system/${name}`, `/etc/systemd/system/${name}.d/sluice.conf`].map(located);
  const texts = [packaged[name], ...files.map((file) => (existsSync(file) ? readFileSync(file, 'utf8') : undefined))];
  const found = texts.flatMap((text) => text ?? []);
  if (found.length === 0) throw new Error(`Unit ${name} not found.`);
  const unit: Record<string, string[]> = {};
  for (const [, key = '', value = ''] of found.join('\n').matchAll(/^(\w+)=(.*)$/gm)) {
    unit[key] = value === '' ? [] : [...(unit[key] ?? []), value];
  }
  return unit;
}

function environmentOf(unit: Unit, { located }: Machine): Record<string, string> {
  const files = (unit.EnvironmentFile ?? []).map((path) => located(path.replace(/^-/, ''))).filter(existsSync);
  const pairs = [
    ...(unit.Environment ?? []).flatMap((line) =>
      Array.from(line.matchAll(/"([^"]*)"|(\S+)/g), ([, a, b]) => a ?? b ?? ''),
    ),
    ...files.flatMap((file) => readFileSync(file, 'utf8').trim().split('\n')),
  ];
  return Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
}

/** `-Ws` tells systemd when HAProxy is ready; here it is not there to be told. */
const argvOf = (line: string, environment: Record<string, string>, { located }: Machine): readonly string[] =>
  line
    .replace(/\$(\w+)/g, (_, name: string) => environment[name] ?? '')
    .replace('/usr/sbin/haproxy -Ws', `${haproxy} -W`)
    .replace(/\/usr\/bin\/(flock|node)/g, '$1')
    .split(' ')
    .map(located);
