import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { answers, showProcesses } from '../../real/haproxy';
import type { Process } from '../../real/processes';
import type { Credentials } from '../api/signature';
import type { Played } from '../moment';
import type { ManagedInstance, Output, Script } from '../ssm/run-command';
import { agentConnection, agentUnit } from '../ssm/ssm-agent';
import { firstBoot } from './cloud-init';
import { startImds } from './imds';
import { type Machine, machine } from './machine';
import { type ServiceManager, serviceManager } from './systemd';

type Launch = {
  readonly id: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly userData: string;
  readonly role: string;
  readonly credentials: Credentials;
};
type Deps = Pick<Played, 'processes' | 'timers' | 'say' | 'delays'> & {
  /** Where AWS's API is, for every machine here. */
  readonly endpoint: string;
};
type State = Deps & {
  readonly own: Machine;
  readonly systemd: ServiceManager;
  readonly master: string;
  readonly commands: Set<Process>;
  reloads: number;
  scripts: number;
};

/** Commands that one agent runs at a time (amazon-ssm-agent: CommandWorkersLimit). */
const workers = 5;

/** A proxy instance: the packaged user data, the real sync and a real HAProxy on a machine of its own. */
export async function proxyInstance({ id, tags, userData, role, credentials }: Launch, deps: Deps) {
  const { processes, timers, say, endpoint, delays } = deps;
  const imds = await startImds({ id, role, credentials });
  const environment = { AWS_ENDPOINT_URL: endpoint, AWS_EC2_METADATA_SERVICE_ENDPOINT: imds.endpoint };
  const own = await machine(id, processes, environment);
  const agent = agentConnection(timers, delays.agentMs);
  own.store(`/etc/systemd/system/${agentUnit}`, '[Service]\nExecStart=/usr/bin/snap run amazon-ssm-agent\n', 0o644);
  const restartAgent = () => {
    say('boot', `the agent on ${id} is restarted`);
    agent.connect();
  };
  const systemd = await serviceManager(own, { timers, say, others: { [agentUnit]: restartAgent } });
  const master = own.located('/run/haproxy-master.sock');
  const state: State = { ...deps, own, systemd, master, commands: new Set(), reloads: 0, scripts: 0 };
  const close = async () => void (await Promise.all([systemd.stop(), imds.stop()]));
  const managed: ManagedInstance = { id, tags, run: (script) => agent.up().then(() => runScript(state, script)) };
  return {
    ...own,
    ...{ managed, close },
    /** Its public address has changed. */
    readdressed: agent.lose,
    /** Boots with nothing but its user data. Ends when cloud-init has. */
    boot: (): Promise<void> => {
      say('boot', `${id} boots`);
      return firstBoot(userData, { ...own, launch: (...words) => launch(state, ...words) });
    },
    pid: async (): Promise<number> => (await settled(master)).worker,
    reloads: async (): Promise<number> => (await settled(master)).reloads,
    reboot: (): Promise<void> => reboot(state).then(agent.connect),
    terminate: async (): Promise<void> => {
      await cut(state);
      await close();
      say('boot', `${id} is terminated`);
    },
  };
}

export type ProxyInstance = Awaited<ReturnType<typeof proxyInstance>>;

/** Launches a program that may speak with systemd, and counts it among the commands until it ends. */
function launch({ own, systemd, commands }: State, ...[argv, more, onLine]: Parameters<Machine['launch']>): Process {
  const child = own.launch(argv, { ...more, SLUICE_SYSTEMD: systemd.endpoint }, onLine);
  commands.add(child);
  void child.exited.then(() => commands.delete(child));
  return child;
}

/** AWS: aws:runShellScript. The agent writes the script to a file and has `sh` run it. */
async function runScript(state: State, { text, timeoutSeconds }: Script): Promise<Output> {
  const { own, commands, timers, say } = state;
  while (commands.size >= workers) await Promise.race([...commands].map(({ exited }) => exited));
  state.scripts += 1;
  const file = join(own.disk, `script-${state.scripts}.sh`);
  writeFileSync(file, text, { mode: 0o700 });
  const lines: string[] = [];
  const child = launch(state, ['sh', '-c', file], {}, (line) => lines.push(line));
  timers.after(timeoutSeconds * 1000, () => child.kill('SIGKILL'));
  const { code } = await child.exited;
  rmSync(file, { force: true });
  say('synced', `the sync on ${own.id} ${code === 0 ? 'says' : 'failed'}: ${lines.at(-1) ?? ''}`);
  await noticeReload(state);
  return { code: code ?? 137, lines };
}

/** A master that reloads refuses connections for a moment. */
async function settled(master: string): ReturnType<typeof showProcesses> {
  await answers(master, 5_000);
  return showProcesses(master);
}

async function noticeReload(state: State): Promise<void> {
  const now = await showProcesses(state.master).catch(() => undefined);
  if (!now) return;
  if (now.reloads > state.reloads) state.say('haproxy', `HAProxy reloaded: process ${now.worker} serves`);
  state.reloads = now.reloads;
}

async function cut({ systemd, commands }: State): Promise<void> {
  const ending = [...commands];
  for (const each of ending) each.kill('SIGKILL');
  await Promise.all([systemd.cut(), ...ending.map(({ exited }) => exited)]);
}

/** `/run` is empty afterwards, the disk is as it was; no cloud-init this time. */
async function reboot(state: State): Promise<void> {
  await cut(state);
  state.reloads = 0;
  const run = state.own.located('/run/haproxy');
  rmSync(run, { recursive: true });
  rmSync(state.master, { force: true });
  mkdirSync(run);
  state.systemd.boot();
}
