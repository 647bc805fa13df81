import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type BuildOptions, build } from 'esbuild';

import type { Table } from '../../measure/outcome';
import { type Spread, spread } from '../../measure/spread';
import type { PackagedFunction } from './invoked';

const plugins = require('../../../resources/bundle.cjs');
const root = join(__dirname, '../../..');

/** What each function builds before its first event; a bare handler builds the same and nothing else. */
const clients: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  reconcile: { ecs: 'ECSClient', ec2: 'EC2Client', ssm: 'SSMClient', sns: 'SNSClient', sqs: 'SQSClient' },
  renew: { ssm: 'SSMClient', sqs: 'SQSClient', 'route-53': 'Route53Client' },
  unmake: { ssm: 'SSMClient', 'auto-scaling': 'AutoScalingClient' },
};

type Started = { readonly cpuMs: number; readonly wallMs: number; readonly megabytes: number };
export type Start = {
  readonly name: string;
  /** The packaged bundle's to the bare handler's. */
  readonly cpu: Spread;
  /** To a bare handler that imports the calls too which the bundle makes. */
  readonly cpuWithCalls: Spread;
  readonly wall: Spread;
  readonly memory: Spread;
  readonly ours: readonly Started[];
  readonly bare: readonly Started[];
};

/** Loads the packaged bundle and the bare handler in turn, each time in a new process. */
export async function startsOf(
  functions: readonly PackagedFunction[],
  folder: string,
  rounds: number,
  progress: (text: string) => void,
): Promise<readonly Start[]> {
  const found: Start[] = [];
  for (const { name, folder: unpacked, variables } of functions) {
    const file = join(unpacked, `functions/${name}.js`);
    const [bareFile, callsFile] = [join(folder, `bare-${name}.js`), join(folder, `bare-${name}-with-calls.js`)];
    await bareHandler(clients[name] ?? {}, [], bareFile);
    await bareHandler(clients[name] ?? {}, callsIn(readFileSync(file, 'utf8')), callsFile);
    const [ours, bare, withCalls]: [Started[], Started[], Started[]] = [[], [], []];
    for (let round = 1; round <= rounds; round++) {
      progress(`starts ${name}, round ${round} of ${rounds}`);
      ours.push(await start(file, variables));
      bare.push(await start(bareFile, variables));
      withCalls.push(await start(callsFile, variables));
    }
    const ratio = (of: keyof Started, to = bare) =>
      spread(ours.map((each, index) => each[of] / (to[index]?.[of] ?? Number.NaN)));
    const [cpu, wall, memory] = [ratio('cpuMs'), ratio('wallMs'), ratio('megabytes')];
    found.push({ name, cpu, cpuWithCalls: ratio('cpuMs', withCalls), wall, memory, ours, bare });
  }
  return found;
}

type Call = readonly [client: string, name: string];

/** esbuild names each source file in a comment before its code. */
const callsIn = (bundle: string): readonly Call[] =>
  [...bundle.matchAll(/^\s*\/\/ \S*@aws-sdk\/client-([\w-]+)\/dist-es\/commands\/(\w+)\.js$/gm)].map(
    ([, client = '', name = '']) => [client, name],
  );

/** Bundled as serverless.yml says. */
async function bareHandler(of: Readonly<Record<string, string>>, calls: readonly Call[], outfile: string) {
  const all = Object.entries(of);
  const contents = [
    ...[...all, ...calls].map(([client, name]) => `import { ${name} } from '@aws-sdk/client-${client}';`),
    `export const calls = [${calls.map(([, name]) => name).join(', ')}];`,
    `const clients = [${all.map(([, name]) => `new ${name}({})`).join(', ')}];`,
    'export const handler = async () => clients.length;',
  ].join('\n');
  const options: BuildOptions = { bundle: true, platform: 'node', target: 'node22', mainFields: ['module', 'main'] };
  await build({ ...options, stdin: { contents, resolveDir: root }, outfile, plugins, logLevel: 'silent' });
}

const program = `const [wall, cpu] = [performance.now(), process.cpuUsage()];
require(process.argv[1]);
const { user, system } = process.cpuUsage(cpu);
const { rss } = process.memoryUsage();
process.stdout.write(JSON.stringify({ cpuMs: (user + system) / 1e3, wallMs: performance.now() - wall, megabytes: rss / 1e6 }));
process.exit();`;

async function start(file: string, env: Readonly<Record<string, string>>): Promise<Started> {
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', program, file], { env });
  return JSON.parse(stdout) as Started;
}

const half = ({ quartiles }: Spread): string => quartiles.map((each) => each.toFixed(2)).join(' to ');
const median = (all: readonly Started[], of: keyof Started): string =>
  spread(all.map((each) => each[of])).median.toFixed(0);

export const startTable = (starts: readonly Start[]): Table => ({
  title: 'Start of each function',
  note: 'From the first line of the bundle to the last, in a new process; the bare handler builds the same clients of AWS and nothing else, bundled in the same way. A handler that does something imports its calls too: “with calls” is the ratio to a bare handler that imports those of the bundle. Ratios are of paired starts.',
  head: [
    'function',
    'CPU, ratio',
    'half of the rounds',
    'with calls',
    'half of the rounds',
    'time, ratio',
    'memory, ratio',
    'CPU',
    'bare',
    'memory',
    'bare',
  ],
  rows: starts.map(({ name, cpu, cpuWithCalls, wall, memory, ours, bare }) => [
    name,
    cpu.median.toFixed(2),
    half(cpu),
    cpuWithCalls.median.toFixed(2),
    half(cpuWithCalls),
    wall.median.toFixed(2),
    memory.median.toFixed(2),
    `${median(ours, 'cpuMs')} ms`,
    `${median(bare, 'cpuMs')} ms`,
    `${median(ours, 'megabytes')} MB`,
    `${median(bare, 'megabytes')} MB`,
  ]),
});
