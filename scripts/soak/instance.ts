import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import {
  type Certificate,
  certificateNames,
  currentName,
  pack,
  pieceName,
  sha256,
} from '../../lib/generation/generation';
import type { File } from '../../lib/haproxy/render';
import { currentWorker, haproxyAt } from '../../lib/sync/haproxy/worker';
import { parseProcesses } from '../../lib/sync/replies';
import { startApi } from '../local/api/api';
import { startImds } from '../local/proxy/imds';
import { parameterStore } from '../local/ssm/parameters';
import { answers, haproxy } from '../real/haproxy';
import { freePorts, ownAddress } from '../real/loopback';
import type { Exit, Process, Processes } from '../real/processes';

const { script } = require('../../resources/sync.cjs') as { script: (prefix: string) => string };

const prefix = '/sluice/soak';
const credentials = { accessKeyId: 'AKIAPROXY', secretAccessKey: 'secret-of-the-role', sessionToken: 'session-token' };
const patienceMs = 5_000;

export type SyncEnd = {
  readonly code: number | null;
  readonly report: Record<string, unknown>;
  readonly output: string;
};
export type Instance = Awaited<ReturnType<typeof startInstance>>;

/** The sync as its document carries it, under flock, and a real HAProxy; only Parameter Store and the metadata service are played. */
export async function startInstance(processes: Processes, onEnd: (exit: Exit) => void) {
  const host = ownAddress();
  const [http = 0, https = 0, statistics = 0] = await freePorts(host, 3);
  const at = (name: string) => join(processes.folder, name);
  const path = { link: at('sluice'), master: at('master.sock'), home: at('home') };
  mkdirSync(at('run'));
  writeFileSync(at('sync.sh'), script(prefix).replace(/'\{\{ Generation \}\}'/, '"$1"'));
  const store = parameterStore();
  const refused = async (action: string) => (/^ssm:GetParameters?$/.test(action) ? undefined : '*');
  const api = await startApi([{ ...credentials, role: 'proxy', refused }], store.handlers);
  const imds = await startImds({ id: 'i-0123456789abcdef0', role: 'proxy', credentials });
  const environment = {
    ...{ SLUICE_HOME: path.home, SLUICE: path.link, SLUICE_RUN: at('run'), SLUICE_MASTER: path.master },
    ...{ SLUICE_HTTP: `${host}:${http}`, SLUICE_HTTPS: `${host}:${https}` },
    ...{ SLUICE_STATISTICS: `${host}:${statistics}`, SLUICE_UNPRIVILEGED: '1', HAPROXY: haproxy },
    ...{ AWS_ENDPOINT_URL_SSM: api.endpoint, AWS_EC2_METADATA_SERVICE_ENDPOINT: imds.endpoint },
  };
  const running = haproxyOf(processes, path, environment, onEnd);
  return {
    ...{ host, http, https, path },
    ...publisherTo(store),
    ...running,
    /** As Run Command does. */
    startSync: (generation: number) => startSync(processes, at('sync.sh'), generation, environment),
    stop: async () => {
      running.end();
      await Promise.all([api.stop(), imds.stop()]);
    },
  };
}

function startSync(
  processes: Processes,
  file: string,
  generation: number,
  environment: Readonly<Record<string, string>>,
): { readonly ended: Promise<SyncEnd>; readonly kill: () => void } {
  const lines: string[] = [];
  const onLine = (line: string) => void lines.push(line);
  const child = processes.launch(['sh', file, String(generation)], { environment, onLine });
  const ended = child.exited.then(({ code }) => ({ code, report: reportIn(lines), output: lines.join('\n') }));
  return { ended, kill: () => child.kill('SIGKILL') };
}

function reportIn(lines: readonly string[]): Record<string, unknown> {
  try {
    return JSON.parse(lines.at(-1) ?? '') as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** Writes generations as `lib/aws/parameters.ts` does, and what did not change not again. */
function publisherTo(store: ReturnType<typeof parameterStore>) {
  const put = (Name: string, Value: string, Type = 'String') =>
    store.put({ Name, Value, Type, Overwrite: true }).Version;
  const written = new Map<string, { readonly text: string; readonly versions: readonly number[] }>();
  const versionsOf = ({ name, text }: File): readonly number[] => {
    const known = written.get(name);
    if (known?.text === text) return known.versions;
    const versions = pack(text).map((part, index) => put(pieceName(prefix, name, index), part));
    written.set(name, { text, versions });
    return versions;
  };
  return {
    /** Returns the number of the generation. */
    publish: (files: readonly File[], certificates: readonly Certificate[]): number => {
      const pieces = files.map((file) => ({ name: file.name, sha256: sha256(file.text), versions: versionsOf(file) }));
      return put(currentName(prefix), pack(JSON.stringify({ files: pieces, certificates }), 8_192)[0] ?? '');
    },
    /** Returns its entry for a generation. */
    storeCertificate: (name: string, key: string, chain: string, serial: string): Certificate => {
      const names = certificateNames(prefix, name);
      const versions = { key: put(names.key, key, 'SecureString'), chain: put(names.chain, chain) };
      return { name, names: [name], serial, ...versions };
    },
  };
}

type Path = { readonly link: string; readonly master: string };

/** As its unit has it, it is started again a second after it ended. */
function haproxyOf(
  processes: Processes,
  { link, master }: Path,
  environment: Readonly<Record<string, string>>,
  onEnd: (exit: Exit) => void,
) {
  const log: string[] = [];
  const asked = haproxyAt(master, patienceMs, patienceMs);
  let child: Process | undefined;
  let isOver = false;
  const start = (): void => {
    const onLine = (line: string) => void (log.push(line) > 200 && log.shift());
    child = processes.launch([haproxy, '-W', '-S', master, '-f', join(link, 'haproxy')], { environment, onLine });
    void child.exited.then(async (exit) => {
      if (isOver) return;
      onEnd(exit);
      await sleep(1_000);
      if (!isOver) start();
    });
  };
  const show = async () => parseProcesses(await asked.master('show proc'));
  return {
    log: log as readonly string[],
    /** @throws when it does not serve */
    startHaproxy: async (): Promise<void> => {
      start();
      if (!(await answers(master, 10_000))) throw new Error(`HAProxy did not start:\n${log.join('\n')}`);
    },
    processes: show,
    /** Asks the worker that serves. */
    worker: async (command: string): Promise<string> =>
      (await currentWorker(asked, patienceMs))?.tell(command) ?? Promise.reject(new Error('HAProxy is not running')),
    masterPid: () => child?.pid ?? 0,
    end: () => {
      isOver = true;
      child?.kill('SIGTERM');
    },
  };
}
