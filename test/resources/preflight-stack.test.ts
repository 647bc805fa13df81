import { AwsError, denied } from '../../scripts/local/api/errors';
import { account } from './played-account';
import { playedAws } from './played-aws';
import { deploying, removing } from './plugin';

const aws = playedAws();

// No DNS is asked here.
beforeAll(() => {
  process.env.SLUICE_RESOLVER = '127.0.0.1:9';
});
afterAll(() => {
  delete process.env.SLUICE_RESOLVER;
});

const resources = { ProxyGroup1: 'g', ProxyAddress1: 'a', TaskHosts: 'h', Cluster: 'c', Vpc: 'vpc-1' };
const networks = [{ vpcId: 'vpc-1', cidrBlock: '10.77.0.0/16' }];
const services = ['hello-world'];

/** The stack goes through these, one at each look. */
const goingThrough = (...statuses: readonly (string | undefined)[]) => {
  const [last, ...before] = [...statuses].reverse();
  const left = before.reverse();
  const at = (status: string | undefined) => account({ status }).DescribeStacks;
  aws.says = {
    ...account({ status: last, resources, networks, services }),
    DescribeStacks: () => (left.length > 0 ? at(left.shift()) : at(last)) as never,
  };
};

const anew = /accepts no deploy: .*`npx sluice remove --stage prod --region eu-west-2`, then deploy again/;
const wait = (kind: string, more = '') =>
  new RegExp(
    `by another deploy: .*\`aws cloudformation wait stack-${kind}-complete --stack-name sluice-prod --region eu-west-2\`${more}`,
  );

/** Every status that AWS documents, and whether a deploy goes on, by force where the last one was not brought to an end. */
it.each([
  [undefined, false, undefined],
  ['UPDATE_COMPLETE', false, undefined],
  ['CREATE_COMPLETE', true, undefined],
  ['UPDATE_ROLLBACK_COMPLETE', true, undefined],
  ['IMPORT_COMPLETE', true, undefined],
  ['IMPORT_ROLLBACK_COMPLETE', true, undefined],
  ['CREATE_IN_PROGRESS', false, wait('create')],
  ['UPDATE_IN_PROGRESS', false, wait('update', '.*, or cancel it \\(`aws cloudformation cancel-update-stack')],
  ['IMPORT_IN_PROGRESS', false, wait('import')],
  [
    'REVIEW_IN_PROGRESS',
    false,
    /a change set was created for it and never executed; `npx sluice remove --stage prod --region/,
  ],
  ['CREATE_FAILED', false, anew],
  ['ROLLBACK_COMPLETE', false, anew],
  ['ROLLBACK_FAILED', false, anew],
  ['DELETE_FAILED', false, anew],
  ['UPDATE_FAILED', false, /`aws cloudformation rollback-stack --stack-name sluice-prod --region eu-west-2`, then dep/],
  ['UPDATE_ROLLBACK_FAILED', false, /could not be rolled back; .*then `aws cloudformation continue-update-rollback/],
  ['IMPORT_ROLLBACK_FAILED', false, /which accepts no deploy: `aws cloudformation describe-stack-events/],
])('a stack in %s is deployed by force: %s, or stops: %s', async (status, forced, stops) => {
  goingThrough(status);

  const { stopped, ...said } = await deploying(aws);

  expect(said.forced).toBe(forced);
  if (stops === undefined) expect(stopped).toBeUndefined();
  else
    expect(stopped).toMatch(
      new RegExp(`^Nothing was changed:\n {2}stack sluice-prod is in ${status}.*${stops.source}`),
    );
});

it.each([
  ['UPDATE_ROLLBACK_IN_PROGRESS', 'UPDATE_ROLLBACK_COMPLETE', true],
  ['UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS', 'UPDATE_ROLLBACK_COMPLETE', true],
  ['UPDATE_COMPLETE_CLEANUP_IN_PROGRESS', 'UPDATE_COMPLETE', false],
  ['DELETE_IN_PROGRESS', undefined, false],
])('%s is waited for, and said', async (status, after, forced) => {
  goingThrough(status, status, after);

  expect(await deploying(aws)).toMatchObject({
    stopped: undefined,
    forced,
    waits: [`Stack sluice-prod is in ${status}: waiting until CloudFormation is done …`],
  });
});

it('a rollback that goes wrong while it is waited for stops the deploy', async () => {
  goingThrough('UPDATE_ROLLBACK_IN_PROGRESS', 'UPDATE_ROLLBACK_FAILED');

  expect((await deploying(aws)).stopped).toContain('continue-update-rollback');
});

it('what a rollback took away again is not there', async () => {
  goingThrough('UPDATE_ROLLBACK_COMPLETE');
  const gone = { LogicalResourceId: 'Cluster', PhysicalResourceId: 'c', ResourceStatus: 'DELETE_COMPLETE' };
  aws.says.ListStackResources = { StackResourceSummaries: [gone] };
  aws.says.DescribeClusters = { clusters: [{ clusterName: 'sluice-prod', status: 'ACTIVE' }] };

  expect((await deploying(aws)).stopped).toContain('cluster sluice-prod exists');
});

describe('a removal', () => {
  it('waits for a rollback, for it begins with the bucket that the rollback reads', async () => {
    goingThrough('UPDATE_ROLLBACK_IN_PROGRESS', 'UPDATE_ROLLBACK_COMPLETE');

    expect(await removing(aws)).toMatchObject({
      stopped: undefined,
      waits: [expect.stringContaining('waiting until')],
    });
  });

  const taken = ['ROLLBACK_COMPLETE', 'DELETE_FAILED', 'REVIEW_IN_PROGRESS', 'UPDATE_ROLLBACK_FAILED'];
  it.each(taken)('takes a stack in %s', async (status) => {
    goingThrough(status);

    expect((await removing(aws)).stopped).toBeUndefined();
  });

  it('does not begin during a deploy', async () => {
    goingThrough('UPDATE_IN_PROGRESS');

    expect((await removing(aws)).stopped).toMatch(/is in UPDATE_IN_PROGRESS, by another deploy: wait for its end/);
  });

  it('does not begin while services of others run in the cluster, whichever page names them', async () => {
    aws.says = account();
    const [first, second] = [['hello-world', 'shop'], ['blog']].map((services) => account({ services }).ListServices);
    aws.says.ListServices = (asked) => (asked.includes('more') ? second : { ...first, nextToken: 'more' }) as object;

    expect((await removing(aws)).stopped).toBe(
      'Nothing was changed:\n  cluster sluice-prod still runs shop, blog: delete each (`aws ecs delete-service --force' +
        ' --cluster sluice-prod --service … --region eu-west-2`), then remove again',
    );
  });

  it('takes a stack whose cluster has gone', async () => {
    aws.says = account();
    aws.says.ListServices = new AwsError('ClusterNotFoundException', 'gone');

    expect(await removing(aws)).toMatchObject({ stopped: undefined, hints: [] });
  });

  it('goes on where it may not look', async () => {
    aws.says = account();
    aws.says.ListServices = denied('You', 'ecs:ListServices');
    aws.says.DescribeStacks = new AwsError('AccessDenied', 'no', 403);

    expect(await removing(aws)).toMatchObject({
      stopped: undefined,
      hints: [
        'not checked: the services in the cluster, because you may not call ecs:ListServices',
        'not checked: the stack, because you may not: no',
      ],
    });
  });
});
