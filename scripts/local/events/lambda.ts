import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { unzipSync } from 'fflate';

import type { Credentials } from '../api/signature';
import type { Say } from '../moment';
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
type Environment = { readonly child: Process; onLine: (text: string) => void };
type Variables = Readonly<Record<string, string>>;
type Deps = { readonly packageFolder: string; readonly keys: Variables; readonly processes: Processes };
type State = {
  readonly keys: Variables;
  readonly processes: Processes;
  /** Begins the line of an outcome, which nothing else prints. */
  readonly mark: string;
  properties: FunctionProperties;
  folder: string;
  warm: Environment | undefined;
};

/** One execution environment of a packaged function. Concurrency is the caller's: here, one message group. */
export function lambdaFunction(properties: FunctionProperties, { packageFolder, keys, processes }: Deps) {
  const folder = unpack(properties, packageFolder, processes);
  const state: State = { keys, processes, mark: randomUUID(), properties, folder, warm: undefined };
  return {
    name: properties.FunctionName,
    invoke: (event: unknown): Promise<Invocation> => invoke(state, event),
    wipe: (): void => wipe(state),
    /** Other code from the next invocation on; one that runs ends with what it began with (AWS: UpdateFunctionCode). */
    update: (next: FunctionProperties, from: string): void =>
      void Object.assign(state, { properties: next, folder: unpack(next, from, processes), warm: undefined }),
  };
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

function start({ properties, folder, keys, processes, mark }: State): Environment {
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

async function invoke(state: State, event: unknown): Promise<Invocation> {
  const at = Date.now();
  const began = performance.now();
  const cold = state.warm === undefined;
  const lines: string[] = [];
  const environment = state.warm ?? start(state);
  state.warm = environment;
  // Between two invocations the environment is frozen (AWS: Lambda execution environment lifecycle).
  environment.child.kill('SIGCONT');
  const outcome = await outcomeOf(state, environment, event, lines);
  if (outcome.outcome === 'timed-out') wipe(state);
  else environment.child.kill('SIGSTOP');
  return { at, durationMs: Math.round(performance.now() - began), cold, event, lines, ...outcome };
}

function outcomeOf(state: State, environment: Environment, event: unknown, lines: string[]): Promise<Outcome> {
  const { mark, properties } = state;
  const { Timeout = 3 } = properties;
  const { child } = environment;
  return new Promise<Outcome>((resolve) => {
    const timer = setTimeout(() => {
      resolve({ outcome: 'timed-out', error: `Task timed out after ${Timeout}.00 seconds` });
    }, Timeout * 1000);
    environment.onLine = (line) => {
      if (!line.startsWith(mark)) return void lines.push(line);
      clearTimeout(timer);
      const done = JSON.parse(line.slice(mark.length)) as { result?: unknown; error?: string };
      resolve({ outcome: done.error === undefined ? 'succeeded' : 'failed', ...done });
    };
    void child.exited.then(({ code, signal }) => {
      clearTimeout(timer);
      resolve({ outcome: 'failed', error: `Runtime.ExitError: the environment ended (${signal ?? code})` });
      if (state.warm === environment) state.warm = undefined;
    });
    child.write(JSON.stringify({ event, awsRequestId: randomUUID(), deadline: Date.now() + Timeout * 1000 }));
  });
}

/** The next invocation starts cold, as after a deploy or at AWS's own pleasure. */
function wipe(state: State): void {
  state.warm?.child.kill('SIGKILL');
  state.warm = undefined;
}

type Packaged = { readonly folder: string; readonly functions: readonly FunctionProperties[] };
type Surroundings = {
  /** A key that acts in a role of the template. */
  readonly assume: (role: string) => Credentials;
  readonly processes: Processes;
  readonly say: Say;
};

/** The packaged functions, each with a key of its role, and what invokes those that no queue does. */
export function playFunctions({ folder, functions: packaged }: Packaged, more: Variables, deps: Surroundings) {
  const functions = packaged.map((properties) => {
    const { accessKeyId, secretAccessKey, sessionToken } = deps.assume(properties.Role.replace(/^.*\//, ''));
    const own = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
    const keys = { ...more, ...own, AWS_SESSION_TOKEN: sessionToken };
    return lambdaFunction(properties, { packageFolder: folder, keys, processes: deps.processes });
  });
  const runs: Invocation[] = [];
  let last: Promise<unknown> = Promise.resolve();
  return {
    functions,
    runs,
    /** One after the other, for a function has one environment here; AWS would run them at once, and renew has its lock. */
    invoke: (called: LambdaFunction, event: unknown): Promise<Invocation> => {
      const run = last.then(() => called.invoke(event));
      last = run.then((done) => {
        runs.push(done);
        deps.say('renewed', `${called.name} ${done.outcome}: ${done.error ?? JSON.stringify(done.result)}`);
      });
      return run;
    },
  };
}
