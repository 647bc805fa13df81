import { denied } from '../../scripts/local/api/errors';
import { activities } from './played-account';
import { playedAws } from './played-aws';
import { watching } from './plugin';

const aws = playedAws();

describe('while a deploy runs', () => {
  it('what Auto Scaling could not start is said once, of the stack’s own groups', async () => {
    const groups = ['sluice-prod-proxy-1', 'sluice-prod-TaskHosts-1ABC', 'sluice-prod-x-proxy-1', 'other'];
    aws.says.DescribeScalingActivities = activities(...groups);

    expect(await watching(aws, 1)).toStrictEqual([
      [
        'sluice-prod-proxy-1 could not start or end an instance: not eligible for Free Tier',
        'sluice-prod-TaskHosts-1ABC could not start or end an instance: not eligible for Free Tier',
        'Auto Scaling tries again by itself. If that repeats, cancel the deploy: `aws cloudformation cancel-update-stack --stack-name sluice-prod --region eu-west-2`',
      ],
    ]);
  });

  it('what failed before it, and a right that is missing, are nothing', async () => {
    const [failed] = activities('sluice-prod-proxy-1').Activities;
    aws.says.DescribeScalingActivities = { Activities: [{ ...failed, StartTime: '2020-01-01T00:00:00Z' }] };
    expect(await watching(aws, 0)).toStrictEqual([]);

    aws.says.DescribeScalingActivities = denied('You', 'autoscaling:DescribeScalingActivities');
    expect(await watching(aws, 0)).toStrictEqual([]);
  });
});
