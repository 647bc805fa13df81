import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { unzipSync } from 'fflate';
import type { Process, Processes } from '../../real/processes';
import type { Credentials } from '../api/signature';
import type { Say } from '../moment';
import type { FunctionProperties } from '../package/stack';

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
type Variables = Readonly<Record<string, string>>;
type Deps = { readonly packageFolder: string; readonly keys: Variables; readonly processes: Processes };
type Code = { readonly properties: FunctionProperties; readonly folder: string };
type Environment = { readonly child: Process; onLine: (text: string) => void };

/** One execution environment of a packaged function. Concurrency is the caller's: here, one message group. */
function lambdaFunction(properties: FunctionProperties, { packageFolder, keys, processes }: Deps) {
  /** Begins the line of an outcome. No function prints it. */
  const mark = randomUUID();
  let code: Code = { properties, folder: unpack(properties, packageFolder, processes) };
  let warm: Environment | undefined;
  /** The next invocation starts cold, as after a deploy or at AWS's own pleasure. */
  const wipe = (): void => {
    warm?.child.kill('SIGKILL');
    warm = undefined;
  };
  const invoke = async (event: unknown): Promise<Invocation> => {
    const [at, began, cold, lines] = [Date.now(), performance.now(), warm === undefined, [] as string[]];
    const environment = warm ?? start(code, keys, processes, mark);
    warm = environment;
    const forget = () => {
      if (warm === environment) warm = undefined;
    };
    if (cold) void environment.child.exited.then(forget);
    // Between two invocations the environment is frozen (AWS: Lambda execution environment lifecycle).
    environment.child.kill('SIGCONT');
    const outcome = await outcomeOf(environment, mark, code.properties.Timeout ?? 3, event, lines);
    if (outcome.outcome === 'timed-out') wipe();
    else environment.child.kill('SIGSTOP');
    return { at, durationMs: Math.round(performance.now() - began), cold, event, lines, ...outcome };
  };
  /** Other code from the next invocation on; one that runs ends with what it began with (AWS: UpdateFunctionCode). */
  const update = (next: FunctionProperties, from: string): void => {
    code = { properties: next, folder: unpack(next, from, processes) };
    warm = undefined;
  };
  return { name: properties.FunctionName, invoke, wipe, update };
}

export type LambdaFunction = ReturnType<typeof lambdaFunction>;

let unpacked = 0;

function unpack({ Code, FunctionName }: FunctionProperties, from: string, processes: Processes): string {
  unpacked += 1;
  const folder = join(processes.folder, FunctionName, `${unpacked}`);
  const zip = join(from, Code.S3Key.replace(/^.*\//, ''));
  for (const [name, content] of Object.entries(unzipSync(readFileSync(zip)))) {
    if (name.endsWith('/')) continue;
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

function start({ properties, folder }: Code, keys: Variables, processes: Processes, mark: string): Environment {
  const { FunctionName, Handler, Environment, MemorySize = 128 } = properties;
  const child = processes.launch([process.execPath, join(__dirname, 'runtime.mjs'), folder, Handler, mark], {
    cwd: folder,
    environment: {
      ...Environment?.Variables,
      ...keys,
      AWS_LAMBDA_FUNCTION_NAME: FunctionName,
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(MemorySize),
      NODE_NO_WARNINGS: '1',
    },
    onLine: (line) => started.onLine(line),
  });
  const started: Environment = { child, onLine: () => {} };
  return started;
}

/** Sends an event to the environment, and reads what it prints until its outcome, its end, or the end of its time. */
const outcomeOf = (environment: Environment, mark: string, timeoutSeconds: number, event: unknown, lines: string[]) =>
  new Promise<Outcome>((resolve) => {
    const { child } = environment;
    const timer = setTimeout(() => {
      resolve({ outcome: 'timed-out', error: `Task timed out after ${timeoutSeconds}.00 seconds` });
    }, timeoutSeconds * 1000);
    environment.onLine = (line) => {
      if (!line.startsWith(mark)) return void lines.push(line);
      clearTimeout(timer);
      const done = JSON.parse(line.slice(mark.length)) as { result?: unknown; error?: string };
      resolve({ outcome: done.error === undefined ? 'succeeded' : 'failed', ...done });
    };
    void child.exited.then(({ code, signal }) => {
      clearTimeout(timer);
      resolve({ outcome: 'failed', error: `Runtime.ExitError: the environment ended (${signal ?? code})` });
    });
    const deadline = Date.now() + timeoutSeconds * 1000;
    child.write(JSON.stringify({ event, awsRequestId: randomUUID(), deadline }));
  });

type Packaged = { readonly folder: string; readonly functions: readonly FunctionProperties[] };
type Surroundings = {
  readonly assume: (role: string) => Credentials;
  readonly processes: Processes;
  readonly say: Say;
};

/** Starts the packaged functions, each with a key of its role. `invoke` is for those that no queue invokes. */
export function playFunctions({ folder, functions: packaged }: Packaged, more: Variables, deps: Surroundings) {
  const { assume, processes, say } = deps;
  const functions = packaged.map((properties) => {
    const { accessKeyId, secretAccessKey, sessionToken } = assume(properties.Role.replace(/^.*\//, ''));
    const own = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
    const keys = { ...more, ...own, AWS_SESSION_TOKEN: sessionToken };
    return lambdaFunction(properties, { packageFolder: folder, keys, processes });
  });
  const runs: Invocation[] = [];
  let last: Promise<unknown> = Promise.resolve();
  /** Invokes one after the other, because a function has one environment here. AWS would run them at once, and renew has its lock. */
  const invoke = (called: LambdaFunction, event: unknown): Promise<Invocation> => {
    const run = last.then(() => called.invoke(event));
    last = run.then((done) => {
      runs.push(done);
      say('renewed', `${called.name} ${done.outcome}: ${done.error ?? JSON.stringify(done.result)}`);
    });
    return run;
  };
  return { functions, runs, invoke };
}
