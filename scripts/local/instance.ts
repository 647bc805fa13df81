import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Delays } from './delays';
import { answers, haproxy, haproxyVersion, showProcesses } from './haproxy';
import { type Address, listens } from './loopback';
import type { Say } from './moment';
import type { Process, Processes } from './processes';
import type { ManagedInstance, Output, Script } from './run-command';
import type { Timers } from './timers';

export type Ports = { readonly http: number; readonly https: number; readonly statistics: number };

type Deps = {
  readonly processes: Processes;
  readonly timers: Timers;
  readonly delays: Delays;
  readonly say: Say;
  /** What the machine is told by its surroundings: region, endpoints. */
  readonly environment: Readonly<Record<string, string>>;
  /** The document's script for "whatever is current", which the instance runs when it boots. */
  readonly pull: Script;
};

/** Commands that one agent runs at a time (amazon-ssm-agent: CommandWorkersLimit). */
const workers = 5;

/** A proxy instance: the real sync and a real HAProxy, in folders of their own and without root. */
export function proxyInstance(id: string, tags: Record<string, string>, ports: Ports, deps: Deps) {
  const { processes, timers, delays, say } = deps;
  const folder = join(processes.folder, id);
  const [home, run] = [join(folder, 'home'), join(folder, 'run')];
  const master = join(run, 'master.sock');
  for (const each of [home, run]) mkdirSync(each, { recursive: true });

  const address = (port: number): Address => ({ host: '127.0.0.1', port });
  const http = address(ports.http);
  const environment = {
    ...deps.environment,
    HOME: folder,
    HAPROXY: haproxy,
    SLUICE_HOME: home,
    SLUICE: join(home, 'live'),
    SLUICE_RUN: run,
    SLUICE_MASTER: master,
    SLUICE_HTTP: `127.0.0.1:${ports.http}`,
    SLUICE_HTTPS: `127.0.0.1:${ports.https}`,
    SLUICE_STATISTICS: `127.0.0.1:${ports.statistics}`,
    SLUICE_UNPRIVILEGED: '1',
  };

  const log: string[] = [];
  const commands = new Set<Process>();
  let daemon: Process | undefined;
  let reloads = 0;
  let scripts = 0;

  /** AWS: aws:runShellScript. The agent writes the script to a file and has `sh` run it. */
  async function runScript({ text, timeoutSeconds }: Script): Promise<Output> {
    while (commands.size >= workers) await Promise.race([...commands].map(({ exited }) => exited));
    scripts += 1;
    const file = join(folder, `script-${scripts}.sh`);
    writeFileSync(file, text, { mode: 0o700 });
    const lines: string[] = [];
    const child = processes.launch(['sh', '-c', file], {
      cwd: folder,
      environment,
      onLine: (line) => lines.push(line),
    });
    commands.add(child);
    timers.after(timeoutSeconds * 1000, () => child.kill('SIGKILL'));
    const { code } = await child.exited;
    commands.delete(child);
    rmSync(file, { force: true });
    say('synced', `the sync on ${id} ${code === 0 ? 'says' : 'failed'}: ${lines.at(-1) ?? ''}`);
    await noticeReload();
    return { code: code ?? 137, lines };
  }

  async function noticeReload(): Promise<void> {
    const now = await showProcesses(master).catch(() => undefined);
    if (!now) return;
    if (now.reloads > reloads) say('haproxy', `HAProxy reloaded: process ${now.worker} serves`);
    reloads = now.reloads;
  }

  /** As systemd does with Restart=always. */
  function supervise(): void {
    const argv = [haproxy, '-W', '-S', `${master},mode,600`, '-f', join(environment.SLUICE, 'haproxy')];
    const child = processes.launch(argv, {
      cwd: folder,
      environment,
      onLine: (line) => {
        if (log.push(line) > 500) log.shift();
      },
    });
    daemon = child;
    reloads = 0;
    void child.exited.then(({ code, signal }) => {
      if (daemon !== child) return;
      say('haproxy', `HAProxy ended (${signal ?? code}); systemd starts it again`);
      timers.after(delays.restartMs, () => daemon === child && supervise());
    });
  }

  const serving = async (): Promise<void> => {
    // The master's socket is there a moment after the ports.
    if ((await listens(http, 15_000)) && (await answers(master, 5_000)))
      return say('haproxy', `HAProxy ${version} serves at http://${http.host}:${http.port}`);
    throw new Error(`HAProxy does not listen on port ${http.port} after 15 s. It said:\n${log.join('\n')}`);
  };

  const version = haproxyVersion();
  const managed: ManagedInstance = { id, tags, run: runScript };

  return {
    managed,
    /** The first start: the configuration is pulled before HAProxy starts, and before any Lambda runs. */
    boot: async (): Promise<void> => {
      await runScript(deps.pull);
      supervise();
      await serving();
    },
    proxy: {
      http,
      https: address(ports.https),
      statistics: address(ports.statistics),
      haproxyVersion: version,
      /** What HAProxy printed last. */
      log: (): readonly string[] => log,
      home,
      environment: environment as Readonly<Record<string, string>>,
      pid: async (): Promise<number> => (await showProcesses(master)).worker,
      reloads: async (): Promise<number> => (await showProcesses(master)).reloads,
      /** Everything ends at once, `/run` is empty, HAProxy and the pull start side by side, the disk is as it was. */
      reboot: async (): Promise<void> => {
        const ending = [daemon, ...commands].flatMap((each) => each ?? []);
        daemon = undefined;
        for (const each of ending) each.kill('SIGKILL');
        await Promise.all(ending.map(({ exited }) => exited));
        rmSync(run, { recursive: true });
        mkdirSync(run);
        supervise();
        void runScript(deps.pull);
        await serving();
      },
    },
  };
}

export type ProxyInstance = ReturnType<typeof proxyInstance>;
