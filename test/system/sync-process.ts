import { spawn } from 'node:child_process';
import { join } from 'node:path';

import { parameterStore } from '../../lib/sync/aws/calls';
import { instance as identity, metadata } from '../../lib/sync/aws/http';
import { wasStarted } from '../../lib/sync/disk/staged';
import { type Haproxy, haproxyAt } from '../../lib/sync/haproxy/worker';
import { readSettings } from '../../lib/sync/settings';
import { type Report, sync } from '../../lib/sync/sync';
import { pathOfProxy } from '../../scripts/real/processes';

export type Outcome = {
  readonly code: number | null;
  readonly report: Record<string, unknown>;
  readonly output: string;
};

/** Starts the script of the document with what an instance was told, as Run Command does. */
export function syncsOf(folder: string, environment: NodeJS.ProcessEnv) {
  const startSync = (generation: number | 'health', overrides: NodeJS.ProcessEnv = {}) => {
    const child = spawn('sh', [join(folder, 'sync.sh'), String(generation)], {
      env: { ...environment, PATH: pathOfProxy, ...overrides },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    let output = '';
    child.stdout.on('data', (text) => (output += text));
    child.stderr.on('data', (text) => (output += text));
    const ended = new Promise<Outcome>((resolve) => {
      child.on('close', (code) => resolve({ code, output, report: lastLine(output) }));
    });
    /** Also what it started, such as `haproxy -c`. It may have ended already. */
    const kill = () => killGroup(child.pid ?? 0);
    return { ended, kill };
  };
  const successful = async (generation: number): Promise<Report> => {
    const { code, report, output } = await startSync(generation).ended;
    if (code !== 0) throw new Error(`the sync to generation ${generation} ended with ${code}: ${output}`);
    return report as Report;
  };
  return {
    startSync,
    sync: (generation: number, overrides?: NodeJS.ProcessEnv) => startSync(generation, overrides).ended,
    /**
     * In this process, which starts sooner than one of its own, unless another Node.js is to run the sync. Before HAProxy's first start it
     * waits for nothing.
     */
    syncHere: (generation: number, wrap?: (haproxy: Haproxy) => Haproxy, overrides?: NodeJS.ProcessEnv) =>
      process.env.SYNC_NODE && !wrap && !overrides
        ? successful(generation)
        : inThisProcess(generation, { ...environment, ...overrides }, wrap ?? ((haproxy) => haproxy)),
    /** What haproxy.service runs before it reloads. */
    noteHealth: () => startSync('health').ended,
  };
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function inThisProcess(generation: number, environment: NodeJS.ProcessEnv, wrap: (haproxy: Haproxy) => Haproxy) {
  const settings = readSettings({ ...environment, SLUICE_PREFIX: '/sluice/test' });
  const { ssmEndpoint, imdsEndpoint, patienceMilliseconds, masterSocket, home, region } = settings;
  const whoAmI = () => identity(metadata(imdsEndpoint, patienceMilliseconds), region);
  const parameters = parameterStore(ssmEndpoint, patienceMilliseconds, whoAmI);
  const haproxy = haproxyAt(masterSocket, patienceMilliseconds, wasStarted(home) ? patienceMilliseconds : 0);
  return sync(generation, { settings, parameters, haproxy: wrap(haproxy) });
}

function lastLine(output: string): Record<string, unknown> {
  try {
    return JSON.parse(output.trim().split('\n').at(-1) ?? '') as Record<string, unknown>;
  } catch {
    return {};
  }
}
