import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type BuildOptions, build } from 'esbuild';

import type { Table } from '../../measure/outcome';
import { type Spread, spread } from '../../measure/spread';
import type { PackagedFunction } from './invoked';

const plugins = require('../../../resources/bundle.cjs');
const root = join(__dirname, '../../..');

/** What each function builds before its first event; the bare handler builds the same and nothing else. */
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
    const bareFile = join(folder, `bare-${name}.js`);
    await bareHandler(clients[name] ?? {}, bareFile);
    const [ours, bare]: [Started[], Started[]] = [[], []];
    for (let round = 1; round <= rounds; round++) {
      progress(`starts ${name}, round ${round} of ${rounds}`);
      ours.push(await start(join(unpacked, `functions/${name}.js`), variables));
      bare.push(await start(bareFile, variables));
    }
    const ratio = (of: keyof Started) =>
      spread(ours.map((each, index) => each[of] / (bare[index]?.[of] ?? Number.NaN)));
    found.push({ name, cpu: ratio('cpuMs'), wall: ratio('wallMs'), memory: ratio('megabytes'), ours, bare });
  }
  return found;
}

/** Bundled as serverless.yml says. */
async function bareHandler(of: Readonly<Record<string, string>>, outfile: string): Promise<void> {
  const all = Object.entries(of);
  const contents = [
    ...all.map(([client, name]) => `import { ${name} } from '@aws-sdk/client-${client}';`),
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
  note: 'From the first line of the bundle to the last, in a new process; the bare handler builds the same clients of AWS and nothing else, bundled in the same way. Ratios are of paired starts.',
  head: [
    'function',
    'CPU, ratio',
    'half of the rounds',
    'time, ratio',
    'memory, ratio',
    'CPU',
    'bare',
    'memory',
    'bare',
  ],
  rows: starts.map(({ name, cpu, wall, memory, ours, bare }) => [
    name,
    cpu.median.toFixed(2),
    half(cpu),
    wall.median.toFixed(2),
    memory.median.toFixed(2),
    `${median(ours, 'cpuMs')} ms`,
    `${median(bare, 'cpuMs')} ms`,
    `${median(ours, 'megabytes')} MB`,
    `${median(bare, 'megabytes')} MB`,
  ]),
});
