import { setTimeout as pause } from 'node:timers/promises';

import { packaged } from '../../scripts/local/package/package';
import { readTemplate } from '../../scripts/local/package/template';
import { startWorld, type World } from '../../scripts/local/world';
import { type Alarm, identity, type Metric, statsOf } from './cloudwatch';

jest.setTimeout(90_000);

let world: World;
beforeAll(async () => {
  const delays = { eventMs: 20, taskStartMs: 50, commandMs: 50 };
  world = await startWorld({ delays, tickSeconds: 3_600, certificates: true, variant: 'twoProxies' });
});
afterAll(() => world?.stop());

type Measured = Metric & { readonly value: number };
type Embedded = {
  readonly [name: string]: unknown;
  readonly _aws: {
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string;
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly { readonly Name: string }[];
    }[];
  };
};

/** The lines of the functions' logs from which CloudWatch would take metrics. */
const embedded = (): readonly Embedded[] =>
  world
    .reconciles()
    .flatMap(({ lines }) => lines)
    .filter((line) => line.includes('"_aws"'))
    .map((line) => JSON.parse(line) as Embedded);

/** As CloudWatch reads them (AWS: Embedded metric format specification). */
const logged = (): readonly Measured[] =>
  embedded().flatMap((line) =>
    line._aws.CloudWatchMetrics.flatMap(({ Namespace, Dimensions, Metrics }) =>
      Dimensions.flatMap((names) =>
        Metrics.map(({ Name }) => ({
          Namespace,
          MetricName: Name,
          Dimensions: names.map((name) => ({ Name: name, Value: String(line[name]) })),
          value: Number(line[Name]),
        })),
      ),
    ),
  );

const put = (): readonly Measured[] =>
  world.aws.metrics.flatMap(({ Namespace, MetricData: { member } }) =>
    member.map(({ MetricName, Value, Dimensions }) => ({
      Namespace,
      MetricName,
      Dimensions: Dimensions?.member ?? [],
      value: Number(Value),
    })),
  );

const last = (name: string, all: readonly Measured[]) =>
  all.filter(({ MetricName }) => MetricName === name).at(-1)?.value;

async function until(holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 30_000; !holds(); await pause(50))
    if (Date.now() > end) throw new Error(`waited 30 seconds in vain: ${holds}`);
}

async function ticked(): Promise<void> {
  const before = embedded().length;
  world.tick();
  await until(() => embedded().length > before);
}

it('the packaged functions and the sync measure what the alarms look at, and nothing else', async () => {
  world.aws.deployed();
  await until(() => world.aws.runs.length > 0);
  await ticked();
  await until(() => new Set(put().map(identity)).size === 2);

  const alarms = readTemplate(await packaged('twoProxies'), 'http://localhost')<Alarm>('AWS::CloudWatch::Alarm');
  const own = alarms
    .flatMap(({ properties }) => statsOf(properties).map(({ Metric }) => Metric))
    .filter(({ Namespace }) => !Namespace.startsWith('AWS/'));
  const measured = new Set([...logged(), ...put()].map(identity));
  expect([...measured].sort()).toStrictEqual([...new Set(own.map(identity))].sort());
});

it('all is well: every address answers with its certificate, every sync succeeds', async () => {
  await ticked();

  expect(last('Unanswered', logged())).toBe(0);
  expect(last('LifeLeft', logged())).toBeGreaterThan(90);
  expect(last('Synced', put())).toBe(1);
  expect(embedded().at(-1)?.faults).toStrictEqual([]);
});

it('a sync that fails says so', async () => {
  world.aws.parameters.put({ Name: '/sluice/dev/haproxy/current', Value: '{', Type: 'String', Overwrite: true });
  const [document] = world.aws.stack.documents;
  const before = put().length;
  for (const instance of world.aws.instances) {
    const text = document?.Content.mainSteps[0]?.inputs.runCommand.join('\n').replace(/\{\{ *Generation *\}\}/, '0');
    await instance.run({ text: text ?? '', timeoutSeconds: 60 });
  }

  // One that a tick had nudged before may still have ended well.
  const failed = put()
    .slice(before)
    .filter(({ value }) => value === 0);
  expect(new Set(failed.map(identity)).size).toBe(2);
  await ticked();
});

it('an address that nobody answers is counted', async () => {
  await world.proxies.addresses[0]?.stop();

  await ticked();

  expect(last('Unanswered', logged())).toBe(1);
  expect(embedded().at(-1)?.faults).toContainEqual(expect.stringMatching(/does not answer an HTTP request/));
});
