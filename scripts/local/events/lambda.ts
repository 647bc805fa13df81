import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { unzipSync } from 'fflate';
import type { FunctionProperties } from '../package/stack';
import type { Process, Processes } from '../processes';

export type Invocation = {
  readonly at: number;
  readonly durationMs: number;
  readonly cold: boolean;
  readonly event: unknown;
  readonly outcome: 'succeeded' | 'failed' | 'timed-out';
  readonly result?: unknown;
  readonly error?: string;
  readonly lines: readonly string[];
};

type Outcome = Pick<Invocation, 'outcome' | 'result' | 'error'>;
type Warm = { readonly child: Process; line: (text: string) => void };

type Deps = {
  readonly packageFolder: string;
  readonly keys: Readonly<Record<string, string>>;
  readonly processes: Processes;
};

/** One execution environment of a packaged function. Concurrency is the caller's: here, one message group. */
export function lambdaFunction(properties: FunctionProperties, { packageFolder, keys, processes }: Deps) {
  const { FunctionName, Timeout = 3 } = properties;
  let releases = 0;
  let deployed = { ...properties, folder: unpack(properties, packageFolder) };
  const mark = randomUUID();
  let warm: Warm | undefined;

  function unpack({ Code }: FunctionProperties, from: string): string {
    releases += 1;
    const folder = join(processes.folder, FunctionName, `${releases}`);
    const zip = join(from, Code.S3Key.replace(/^.*\//, ''));
    for (const [name, content] of Object.entries(unzipSync(readFileSync(zip)))) {
      if (name.endsWith('/')) continue;
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), content);
    }
    return folder;
  }

  function start(): Warm {
    const { folder, Handler, Environment, MemorySize = 128 } = deployed;
    const child = processes.launch([process.execPath, join(__dirname, 'runtime.mjs'), folder, Handler, mark], {
      cwd: folder,
      environment: {
        ...Environment?.Variables,
        ...keys,
        AWS_LAMBDA_FUNCTION_NAME: FunctionName,
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(MemorySize),
        NODE_NO_WARNINGS: '1',
      },
      onLine: (line) => started.line(line),
    });
    const started: Warm = { child, line: () => {} };
    return started;
  }

  async function invoke(event: unknown): Promise<Invocation> {
    const at = Date.now();
    const began = performance.now();
    const cold = warm === undefined;
    const lines: string[] = [];
    const environment = warm ?? start();
    warm = environment;
    const { child } = environment;
    // Between two invocations the environment is frozen (AWS: Lambda execution environment lifecycle).
    child.kill('SIGCONT');

    const outcome = await new Promise<Outcome>((resolve) => {
      const timer = setTimeout(() => {
        resolve({ outcome: 'timed-out', error: `Task timed out after ${Timeout}.00 seconds` });
      }, Timeout * 1000);
      environment.line = (line) => {
        if (!line.startsWith(mark)) return void lines.push(line);
        clearTimeout(timer);
        const done = JSON.parse(line.slice(mark.length)) as { result?: unknown; error?: string };
        resolve({ outcome: done.error === undefined ? 'succeeded' : 'failed', ...done });
      };
      void child.exited.then(({ code, signal }) => {
        clearTimeout(timer);
        resolve({ outcome: 'failed', error: `Runtime.ExitError: the environment ended (${signal ?? code})` });
        if (warm === environment) warm = undefined;
      });
      const awsRequestId = randomUUID();
      child.write(JSON.stringify({ event, awsRequestId, deadline: at + Timeout * 1000 }));
    });

    if (outcome.outcome === 'timed-out') wipe();
    else child.kill('SIGSTOP');
    return { at, durationMs: Math.round(performance.now() - began), cold, event, lines, ...outcome };
  }

  /** The next invocation starts cold, as after a deploy or at AWS's own pleasure. */
  function wipe(): void {
    warm?.child.kill('SIGKILL');
    warm = undefined;
  }

  /** Other code from the next invocation on; one that runs ends with what it began with (AWS: UpdateFunctionCode). */
  function update(next: FunctionProperties, from: string): void {
    deployed = { ...next, folder: unpack(next, from) };
    warm = undefined;
  }

  return { name: FunctionName, invoke, wipe, update };
}

export type LambdaFunction = ReturnType<typeof lambdaFunction>;
