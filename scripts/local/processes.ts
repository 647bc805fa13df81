import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

export type Exit = { readonly code: number | null; readonly signal: string | null };

export type Process = {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  /** Once it has ended, it does nothing. */
  kill(signal: NodeJS.Signals): void;
  write(line: string): void;
};

export type Launch = {
  readonly environment: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly onLine?: (line: string) => void;
};

/** Real processes, each in a group of its own, and one folder for what they write. All end with `stop`, or with us. */
export function processes() {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-local-'));
  const keeper = spawn(process.execPath, [join(__dirname, 'keeper.mjs'), folder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  const gone = once(keeper, 'exit');
  const running = new Set<Promise<Exit>>();
  let stopped = false;

  /** After the end nothing starts any more: the process that is returned has ended already. */
  function launch([program = '', ...argv]: readonly string[], { environment, cwd = folder, onLine }: Launch): Process {
    if (stopped)
      return { pid: 0, exited: Promise.resolve({ code: 137, signal: null }), kill: () => {}, write: () => {} };
    const child = spawn(program, argv, { cwd, env: { PATH: path, ...environment }, detached: true, stdio: 'pipe' });
    const { pid = 0, stdin, stdout, stderr } = child;
    for (const input of [stdout, stderr]) createInterface({ input }).on('line', (line) => onLine?.(line));
    // A write to what has just ended is no error of ours: `exited` tells.
    stdin.on('error', () => {});

    let over = pid === 0;
    const signal = (target: number, name: NodeJS.Signals) => {
      try {
        process.kill(target, name);
      } catch {
        // It ended before we heard of it.
      }
    };
    const exited = new Promise<Exit>((resolve) => {
      child.on('error', (error) => {
        onLine?.(`${program} could not be started: ${error.message}`);
        resolve({ code: 127, signal: null });
      });
      // `close` comes when all it wrote has been read.
      child.on('close', (code, name) => resolve({ code, signal: name }));
      child.on('exit', () => {
        over = true;
        signal(-pid, 'SIGKILL');
        if (!stopped) keeper.stdin.write(`-${pid}\n`);
      });
    });
    if (pid > 0) keeper.stdin.write(`+${pid}\n`);
    running.add(exited);
    void exited.then(() => running.delete(exited));
    return {
      pid,
      exited,
      kill: (name) => over || signal(name === 'SIGKILL' ? -pid : pid, name),
      write: (line) => void stdin.write(`${line}\n`),
    };
  }

  return {
    folder,
    launch,
    stop: async (): Promise<void> => {
      stopped = true;
      keeper.stdin.end();
      await Promise.all([...running, gone]);
    },
  };
}

export type Processes = ReturnType<typeof processes>;

/** Our own Node.js first; Debian keeps haproxy in sbin. */
export const path = `${dirname(process.execPath)}:${process.env.PATH}:/usr/sbin:/sbin`;
