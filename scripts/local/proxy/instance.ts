import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Credentials } from '../api/signature';
import type { Say } from '../moment';
import type { Process, Processes } from '../processes';
import type { ManagedInstance, Output, Script } from '../ssm/run-command';
import { agentConnection, agentUnit } from '../ssm/ssm-agent';
import type { Timers } from '../timers';
import { firstBoot } from './cloud-init';
import { answers, showProcesses } from './haproxy';
import { startImds } from './imds';
import { machine } from './machine';
import { serviceManager } from './systemd';

type Launch = {
  readonly id: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly userData: string;
  readonly role: string;
  readonly credentials: Credentials;
};
type Deps = {
  readonly processes: Processes;
  readonly timers: Timers;
  readonly say: Say;
  /** What every machine here is told: where AWS's API is. */
  readonly surroundings: Readonly<Record<string, string>>;
  /** How long an agent does not notice that its connection is dead. */
  readonly agentMs: number;
};

/** Commands that one agent runs at a time (amazon-ssm-agent: CommandWorkersLimit). */
const workers = 5;

/** A proxy instance: the packaged user data, the real sync and a real HAProxy on a machine of its own. */
export async function proxyInstance({ id, tags, userData, role, credentials }: Launch, deps: Deps) {
  const { processes, timers, say, surroundings, agentMs } = deps;
  const imds = await startImds({ id, role, credentials });
  const told = { ...surroundings, AWS_EC2_METADATA_SERVICE_ENDPOINT: imds.endpoint };
  const own = await machine(id, processes, told);
  const agent = agentConnection(timers, agentMs);
  own.store(`/etc/systemd/system/${agentUnit.name}`, agentUnit.text, 0o644);
  const restarted = (unit: string) => {
    if (unit !== agentUnit.name) throw new Error(`the local world does not play systemctl try-restart ${unit}`);
    say('boot', `the agent on ${id} is restarted`);
    agent.connect();
  };
  const systemd = await serviceManager(own, { timers, say, restarted });
  const master = own.located('/run/haproxy-master.sock');
  const commands = new Set<Process>();
  let reloads = 0;
  let scripts = 0;

  /** AWS: aws:runShellScript. The agent writes the script to a file and has `sh` run it. */
  async function runScript({ text, timeoutSeconds }: Script): Promise<Output> {
    while (commands.size >= workers) await Promise.race([...commands].map(({ exited }) => exited));
    scripts += 1;
    const file = join(own.disk, `script-${scripts}.sh`);
    writeFileSync(file, text, { mode: 0o700 });
    const lines: string[] = [];
    const child = own.launch(['sh', '-c', file], { SLUICE_SYSTEMD: systemd.endpoint }, (line) => lines.push(line));
    commands.add(child);
    timers.after(timeoutSeconds * 1000, () => child.kill('SIGKILL'));
    const { code } = await child.exited;
    commands.delete(child);
    rmSync(file, { force: true });
    say('synced', `the sync on ${id} ${code === 0 ? 'says' : 'failed'}: ${lines.at(-1) ?? ''}`);
    await noticeReload();
    return { code: code ?? 137, lines };
  }

  /** A master that reloads refuses connections for a moment. */
  async function settled(): ReturnType<typeof showProcesses> {
    await answers(master, 5_000);
    return showProcesses(master);
  }

  async function noticeReload(): Promise<void> {
    const now = await showProcesses(master).catch(() => undefined);
    if (!now) return;
    if (now.reloads > reloads) say('haproxy', `HAProxy reloaded: process ${now.worker} serves`);
    reloads = now.reloads;
  }

  /** Everything ends at once. */
  async function cut(): Promise<void> {
    const ending = [...commands];
    for (const each of ending) each.kill('SIGKILL');
    await Promise.all([systemd.cut(), ...ending.map(({ exited }) => exited)]);
  }

  const managed: ManagedInstance = { id, tags, run: (script) => agent.up().then(() => runScript(script)) };
  return {
    ...own,
    managed,
    /** Its public address is another one. */
    readdressed: agent.lose,
    /** With nothing but its user data. Ends when cloud-init has. */
    boot: (): Promise<void> => {
      say('boot', `${id} boots`);
      return firstBoot(userData, { ...own, launch: withSystemd });
    },
    pid: async (): Promise<number> => (await settled()).worker,
    reloads: async (): Promise<number> => (await settled()).reloads,
    /** `/run` is empty afterwards, the disk is as it was; no cloud-init this time. */
    reboot: async (): Promise<void> => {
      await cut();
      reloads = 0;
      rmSync(own.located('/run/haproxy'), { recursive: true });
      rmSync(master, { force: true });
      mkdirSync(own.located('/run/haproxy'));
      systemd.boot();
      agent.connect();
    },
    terminate: async (): Promise<void> => {
      await cut();
      await close();
      say('boot', `${id} is terminated`);
    },
    close,
  };

  async function close(): Promise<void> {
    await Promise.all([systemd.stop(), imds.stop()]);
  }

  function withSystemd(...[argv, more, onLine]: Parameters<typeof own.launch>): Process {
    const child = own.launch(argv, { ...more, SLUICE_SYSTEMD: systemd.endpoint }, onLine);
    commands.add(child);
    void child.exited.then(() => commands.delete(child));
    return child;
  }
}

export type ProxyInstance = Awaited<ReturnType<typeof proxyInstance>>;
