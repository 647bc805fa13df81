/** What probe.cjs wrote down about one run. Milliseconds since Node started, but for `timeOrigin`, which is epoch. */
export type Trace = {
  readonly timeOrigin: number;
  readonly loaded: number;
  readonly ended: number;
  /** The most that was resident, in kB. */
  readonly memory: number;
  readonly asked: readonly Asked[];
};

type Asked = {
  readonly kind: 'http' | 'command' | 'program' | 'task';
  /** A URL or an action of AWS; what was sent to HAProxy's master; a program; a task that the sync listens to. */
  readonly what: string;
  readonly from: number;
  readonly to: number;
  /** Bytes. */
  readonly received: number;
};

export const stageNames = [
  'the script: unpacks the sync, takes its turn',
  'Node.js starts',
  'loads itself, reads what is installed',
  'reads `current`, with its credentials',
  'fetches and compares by hash',
  'writes the folder, `haproxy -c`',
  "reads HAProxy's servers, compares",
  'applies',
  'reads back, writes the health, reports',
] as const;

/** In the order of `stageNames`, in ms. What a run does not do takes no time. @param began epoch ms */
export function stages({ timeOrigin, loaded, ended, asked }: Trace, began: number): readonly number[] {
  const after = (from: number, isMeant: (one: Asked) => boolean): number =>
    Math.max(from, ...asked.filter(isMeant).map(({ to }) => to));
  const http = asked.filter(({ kind }) => kind === 'http');
  const read = after(loaded, ({ what }) => what.endsWith('.GetParameter'));
  const fetched = after(read, ({ what }) => what.endsWith('.GetParameters'));
  const checked = after(fetched, ({ kind }) => kind === 'program');
  const changes = asked.filter(isChange);
  const compared = Math.max(checked, changes[0]?.from ?? 0);
  const applied = Math.max(compared, ...changes.map(({ to }) => to));
  const bounds = [0, loaded, http[0]?.from ?? loaded, read, fetched, checked, compared, applied, ended];
  return [timeOrigin - began, ...bounds.slice(1).map((to, index) => to - (bounds[index] ?? 0))];
}

const isChange = ({ kind, what }: Asked): boolean =>
  kind === 'command' && commandsIn(what).some((command) => !/^(show|prompt|quit|@!?\d*$)/.test(command));

/** Without the prefix that leads to a worker, and without payloads, which only the end of a text may have. */
export const commandsIn = (text: string): readonly string[] =>
  (text.split('<<')[0] ?? '')
    .split(/[;\n]/)
    .map((command) => command.trim().replace(/^@!?\d+ +/, ''))
    .filter((command) => command !== '');

export type Counts = {
  readonly connections: number;
  readonly commands: number;
  /** Bytes. */
  readonly received: number;
  readonly parameterStore: number;
  readonly metadata: number;
};

export function countsOf({ asked }: Trace): Counts {
  const toHaproxy = asked.filter(({ kind }) => kind === 'command');
  const http = asked.filter(({ kind }) => kind === 'http');
  const parameterStore = http.filter(({ what }) => what.startsWith('AmazonSSM.')).length;
  return {
    connections: toHaproxy.length,
    commands: toHaproxy.reduce((sum, { what }) => sum + commandsIn(what).length, 0),
    received: toHaproxy.reduce((sum, { received }) => sum + received, 0),
    parameterStore,
    metadata: http.length - parameterStore,
  };
}

/** It listens to all new tasks at once. */
export function listened({ asked }: Trace): number {
  const tasks = asked.filter(({ kind }) => kind === 'task');
  return tasks.length === 0 ? 0 : Math.max(...tasks.map(({ to }) => to)) - Math.min(...tasks.map(({ from }) => from));
}
