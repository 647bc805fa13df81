import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Questions } from '../../scripts/sluice/verb';
import type { playedAws } from '../resources/played-aws';
import { type Said, sluice } from './console';
import { impatient } from './suffering';

type Row = readonly [minute: number, logical: string, status: string, reason?: string];
type Plan = {
  readonly args?: string;
  /** What the stack has before. */
  readonly before?: readonly string[];
  readonly template?: readonly string[];
  /** Events as CloudFormation shows them, a batch for each look; the packager ends with the last. */
  readonly looks?: readonly (readonly Row[])[];
  /** Called before each look. */
  readonly at?: (look: number) => void;
  readonly code?: number;
  readonly says?: readonly string[];
  readonly complains?: readonly string[];
  readonly questions?: Questions;
};

type Aws = ReturnType<typeof playedAws>;

/** Minute 0. */
const zero = Date.parse('2026-01-01T00:00:00Z');
const types: readonly (readonly [RegExp, string])[] = [
  [/^sluice-/, 'AWS::CloudFormation::Stack'],
  [/Group|TaskHosts/, 'AWS::AutoScaling::AutoScalingGroup'],
  [/Service$/, 'AWS::ECS::Service'],
];
const typeOf = (logical: string) => types.find(([pattern]) => pattern.test(logical))?.[1] ?? 'AWS::SQS::Queue';

/** Plays a stack to a deploy or a removal whose packager is a small program. */
export function following(aws: Aws) {
  const root = mkdtempSync(join(tmpdir(), 'sluice-follow-'));
  afterAll(() => rmSync(root, { recursive: true }));
  const here = (name: string) => join(root, name);

  async function run(plan: Plan): Promise<
    Said & {
      readonly started: string | undefined;
      readonly lines: readonly string[];
      readonly milestones: readonly string[];
    }
  > {
    for (const name of ['end', 'started', '.serverless']) rmSync(here(name), { force: true, recursive: true });
    writeFileSync(here('plan.json'), JSON.stringify(plan));
    play(aws, here, plan);
    let clock = zero;
    const said = await sluice((plan.args ?? 'deploy').concat(' --stage prod --region eu-west-2').split(' '), {
      ...{ root, packager: join(__dirname, 'fake-packager.mjs'), columns: 110 },
      config: (region) => ({
        ...{ ...impatient, region, endpoint: aws.endpoint() },
        credentials: { accessKeyId: 'AKIALOCAL', secretAccessKey: 'secret' },
      }),
      now: () => clock,
      pause: async (ms, signal) => {
        clock += ms;
        await sleep(existsSync(here('started')) ? 1 : 20, undefined, signal ? { signal } : {});
      },
      ...(plan.questions && { questions: plan.questions }),
    });
    const started = existsSync(here('started')) ? readFileSync(here('started'), 'utf8') : undefined;
    const lines = said.output.trimEnd().split('\n');
    // How many status lines there are depends on how fast the packager is.
    return { ...said, started, lines, milestones: lines.filter((line) => !isStatus(line)) };
  }

  return { run };
}

/** AWS's answers about the stack. The packager ends with the last look. */
function play(aws: Aws, here: (name: string) => string, { before = [], looks = [[]], at = () => {}, code = 0 }: Plan) {
  const shown = before.length > 0 ? [eventOf([-60, 'sluice-prod', 'UPDATE_COMPLETE'])] : [];
  let look = -1;
  aws.says.ListStackResources = {
    StackResourceSummaries: before.map((id) => ({
      LogicalResourceId: id,
      PhysicalResourceId: id,
      ResourceStatus: 'CREATE_COMPLETE',
    })),
  };
  aws.says.DescribeScalingActivities ??= { Activities: [] };
  aws.says.DescribeStackEvents = () => {
    // The first look is the one before the packager; then it waits for the packager.
    if (look >= 0 && !existsSync(here('started'))) return { StackEvents: [...shown].reverse() };
    if (look >= 0) {
      shown.push(...(looks[look] ?? []).map(eventOf));
      at(look);
    }
    look += 1;
    if (look >= looks.length) endPackager(here, code);
    return { StackEvents: [...shown].reverse() };
  };
}

/** The packager must not find the file before its content is there. */
function endPackager(here: (name: string) => string, code: number): void {
  writeFileSync(here('end.next'), `${code}`);
  renameSync(here('end.next'), here('end'));
}

export const isStatus = (line: string): boolean =>
  /^(\d+ (of \d+ )?resources?( changed| removed)?|rolling back), \d+ (s|min)/.test(line);

const eventOf = ([minute, LogicalResourceId, ResourceStatus, ResourceStatusReason = '']: Row) => ({
  ...{ StackId: 'arn:aws:cloudformation:eu-west-2:123456789012:stack/sluice-prod/1', StackName: 'sluice-prod' },
  ...{
    EventId: `${minute} ${LogicalResourceId} ${ResourceStatus}`,
    LogicalResourceId,
    ResourceStatus,
    ResourceStatusReason,
  },
  ...{ ResourceType: typeOf(LogicalResourceId), Timestamp: new Date(zero + minute * 60_000).toISOString() },
});
