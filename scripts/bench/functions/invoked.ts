import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { unzipSync } from 'fflate';

import { type Api, type Handlers, startApi } from '../../local/api/api';
import { readStack } from '../../local/package/stack';
import { cpuOf } from '../../measure/cpu';
import { packaged } from '../../real/package';
import type { Process, Processes } from '../../real/processes';

const key = { accessKeyId: 'ASIABENCH', secretAccessKey: 'secret', sessionToken: 'session' };
export const environment = {
  AWS_REGION: 'eu-west-2',
  AWS_ACCESS_KEY_ID: key.accessKeyId,
  AWS_SECRET_ACCESS_KEY: key.secretAccessKey,
  AWS_SESSION_TOKEN: key.sessionToken,
  NODE_NO_WARNINGS: '1',
};

export type PackagedFunction = {
  readonly name: string;
  readonly folder: string;
  readonly variables: Record<string, string>;
};

/** The packaged functions, unpacked as Lambda unpacks them, with the variables that they get; no address is probed. */
export async function packagedFunctions(into: string, endpoint: string): Promise<readonly PackagedFunction[]> {
  const from = await packaged();
  return readStack(from, endpoint).functions.map(({ Handler, Code, Environment }) => {
    const name = Handler.replace(/^.*\/|\.handler$/g, '');
    const folder = join(into, name);
    for (const [path, content] of Object.entries(
      unzipSync(readFileSync(join(from, Code.S3Key.replace(/^.*\//, '')))),
    )) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
    }
    const variables = { ...Environment?.Variables, ...environment, AWS_ENDPOINT_URL: endpoint, SLUICE_ADDRESSES: '' };
    return { name, folder, variables: { ...variables, SLUICE_CLUSTERS: 'demo' } };
  });
}

export type Answer = { readonly action: string; readonly generation?: number };
export type Reconcile = {
  readonly api: Api;
  readonly pid: number;
  readonly cpu: () => number;
  /** @throws when the run fails */
  readonly invoke: (bodies: readonly string[]) => Promise<Answer>;
  readonly stop: () => Promise<void>;
};

/** Starts the packaged reconcile in a process of its own, in front of AWS with these answers. */
export async function startReconcile(processes: Processes, handlers: Handlers): Promise<Reconcile> {
  const api = await startApi([{ ...key, role: 'Reconcile', refused: async () => undefined }], handlers);
  const all = await packagedFunctions(join(processes.folder, randomUUID()), api.endpoint);
  const { folder, variables } = all.find(({ name }) => name === 'reconcile') as PackagedFunction;
  const [mark, waiting] = [randomUUID(), [] as ((line: string) => void)[]];
  const runtime = join(__dirname, '../../local/events/runtime.mjs');
  const child = processes.launch([process.execPath, runtime, folder, 'functions/reconcile.handler', mark], {
    cwd: folder,
    environment: variables,
    onLine: (line) => line.startsWith(mark) && waiting.shift()?.(line.slice(mark.length)),
  });
  return {
    ...{ api, pid: child.pid },
    cpu: () => cpuOf(child.pid).microseconds / 1000,
    invoke: (bodies) => invoke(child, waiting, bodies),
    stop: async () => {
      child.kill('SIGKILL');
      await child.exited;
      await api.stop();
    },
  };
}

async function invoke(child: Process, waiting: ((line: string) => void)[], bodies: readonly string[]): Promise<Answer> {
  const Records = bodies.map((body) => ({ messageId: '1', receiptHandle: '1', body, attributes }));
  const line = await new Promise<string>((resolve, reject) => {
    waiting.push(resolve);
    void child.exited.then(({ code }) => reject(new Error(`reconcile ended with code ${code} before it had answered`)));
    child.write(JSON.stringify({ event: { Records }, awsRequestId: randomUUID(), deadline: Date.now() + 25_000 }));
  });
  const { result, error } = JSON.parse(line) as { result: Answer; error?: string };
  if (error !== undefined) throw new Error(`reconcile failed: ${error}`);
  return result;
}

const attributes = { ApproximateReceiveCount: '1' };
