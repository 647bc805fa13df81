import { parameterStore } from '../../lib/sync/aws/calls';
import { instance as identity, metadata } from '../../lib/sync/aws/http';
import { wasStarted } from '../../lib/sync/disk/staged';
import { type Haproxy, haproxyAt } from '../../lib/sync/haproxy/worker';
import { readSettings } from '../../lib/sync/settings';
import { type Report, sync } from '../../lib/sync/sync';
import { type Processes, pathOfProxy } from '../real/processes';
import { prefix } from './publisher';

type Environment = Readonly<Record<string, string>>;
type Overrides = Readonly<Record<string, string | undefined>>;

export type SyncEnd = {
  readonly code: number | null;
  readonly report: Record<string, unknown>;
  readonly output: string;
};

/** Starts the script of the document with what an instance was told, as Run Command does. */
export function syncsOf(processes: Processes, script: string, environment: Environment) {
  const startSync = (generation: number | 'health', overrides: Overrides = {}) => {
    const lines: string[] = [];
    const child = processes.launch(['sh', script, String(generation)], {
      environment: present({ ...environment, PATH: pathOfProxy, ...overrides }),
      onLine: (line) => void lines.push(line),
    });
    const ended = child.exited.then(
      ({ code }): SyncEnd => ({ code, output: lines.join('\n'), report: reportIn(lines.at(-1)) }),
    );
    /** Also what it started, such as `haproxy -c`. It may have ended already. */
    return { ended, kill: () => child.kill('SIGKILL') };
  };
  const successful = async (generation: number): Promise<Report> => {
    const { code, report, output } = await startSync(generation).ended;
    if (code !== 0) throw new Error(`the sync to generation ${generation} ended with ${code}: ${output}`);
    return report as Report;
  };
  return {
    startSync,
    sync: (generation: number, overrides?: Overrides) => startSync(generation, overrides).ended,
    /**
     * In this process, which starts sooner than one of its own, unless another Node.js is to run the sync. Before HAProxy's first start it
     * waits for nothing.
     */
    syncHere: (generation: number, wrap?: (haproxy: Haproxy) => Haproxy, overrides?: Overrides) =>
      process.env.SYNC_NODE && !wrap && !overrides
        ? successful(generation)
        : inThisProcess(generation, { ...environment, ...overrides }, wrap ?? ((haproxy) => haproxy)),
    /** What haproxy.service runs before it reloads. */
    noteHealth: () => startSync('health').ended,
  };
}

/** Without what the overrides take away. */
const present = (variables: Overrides): Environment =>
  Object.fromEntries(
    Object.entries(variables).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );

function inThisProcess(generation: number, environment: Overrides, wrap: (haproxy: Haproxy) => Haproxy) {
  const settings = readSettings({ ...environment, SLUICE_PREFIX: prefix });
  const { ssmEndpoint, imdsEndpoint, patienceMilliseconds, masterSocket, home, region } = settings;
  const whoAmI = () => identity(metadata(imdsEndpoint, patienceMilliseconds), region);
  const parameters = parameterStore(ssmEndpoint, patienceMilliseconds, whoAmI);
  const haproxy = haproxyAt(masterSocket, patienceMilliseconds, wasStarted(home) ? patienceMilliseconds : 0);
  return sync(generation, { settings, parameters, haproxy: wrap(haproxy) });
}

function reportIn(line = ''): Record<string, unknown> {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return {};
  }
}
