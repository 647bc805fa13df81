import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

export type Exit = { readonly code: number | null; readonly signal: string | null };

export type Process = {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  /** Does nothing once the process has ended. */
  kill(signal: NodeJS.Signals): void;
  write(line: string): void;
};

export type Launch = {
  readonly environment: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly onLine?: (line: string) => void;
};

/** The Node.js of this process comes first. Debian keeps haproxy in sbin. */
export const path = `${dirname(process.execPath)}:${process.env.PATH}:/usr/sbin:/sbin`;

/** The path on a proxy: its sync may have another Node.js than this process. */
export const pathOfProxy = process.env.SYNC_NODE ? `${dirname(process.env.SYNC_NODE)}:${path}` : path;

const ended: Process = {
  pid: 0,
  exited: Promise.resolve({ code: 137, signal: null }),
  kill: () => {},
  write: () => {},
};

/** Starts real processes, each in a group of its own, and one folder for what they write. All end with `stop` or with this process. */
export function processes() {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-local-'));
  const keeper = spawn('sh', [join(__dirname, 'keeper.sh'), folder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  const gone = once(keeper, 'exit');
  const running = new Set<Promise<Exit>>();
  let isStopped = false;
  const tellKeeper = (line: string) => isStopped || keeper.stdin.write(`${line}\n`);
  return {
    folder,
    /** After `stop` no process starts: the one that is returned has ended already. */
    launch: ([program = '', ...argv]: readonly string[], { environment, cwd = folder, onLine }: Launch): Process => {
      if (isStopped) return ended;
      const child = spawn(program, argv, { cwd, env: { PATH: path, ...environment }, detached: true, stdio: 'pipe' });
      for (const input of [child.stdout, child.stderr]) createInterface({ input }).on('line', (line) => onLine?.(line));
      child.on('error', (error) => onLine?.(`${program} could not be started: ${error.message}`));
      const launched = watched(child, tellKeeper);
      running.add(launched.exited);
      void launched.exited.then(() => running.delete(launched.exited));
      return launched;
    },
    stop: async (): Promise<void> => {
      isStopped = true;
      keeper.stdin.end();
      await Promise.all([...running, gone]);
    },
  };
}

export type Processes = ReturnType<typeof processes>;

/** Ends the whole process group when the process ends. */
function watched(child: ChildProcessWithoutNullStreams, tellKeeper: (line: string) => void): Process {
  const { pid = 0, stdin } = child;
  let isOver = pid === 0;
  if (pid > 0) tellKeeper(`+${pid}`);
  // A process may end before it is written to. That is no error, because `exited` reports it.
  stdin.on('error', () => {});
  const exited = new Promise<Exit>((resolve) => {
    child.on('error', () => resolve({ code: 127, signal: null }));
    // `close` comes when all it wrote has been read.
    child.on('close', (code, signal) => resolve({ code, signal }));
    child.on('exit', () => {
      isOver = true;
      signalTo(-pid, 'SIGKILL');
      tellKeeper(`-${pid}`);
    });
  });
  return {
    pid,
    exited,
    kill: (signal) => isOver || signalTo(signal === 'SIGKILL' ? -pid : pid, signal),
    write: (line) => void stdin.write(`${line}\n`),
  };
}

function signalTo(target: number, signal: NodeJS.Signals): void {
  try {
    process.kill(target, signal);
  } catch {
    // It has ended already.
  }
}
