import { DescribeAlarmsCommand, type MetricAlarm } from '@aws-sdk/client-cloudwatch';
import { ListSubscriptionsByTopicCommand } from '@aws-sdk/client-sns';

import { type Check, fine, wrong } from './check';
import type { Clients, Stage } from './stage';

/** Alarms that cry, those that hear nothing, and whether anybody is told. */
export async function alarmChecks(
  { cloudwatch, sns }: Clients,
  { alarms, stage }: Stage,
  now: number,
): Promise<readonly Check[]> {
  const { MetricAlarms = [] } = await cloudwatch.send(new DescribeAlarmsCommand({ AlarmNames: alarms }));
  const missing = alarms.filter((name) => !MetricAlarms.some(({ AlarmName }) => AlarmName === name));
  const topic = MetricAlarms.flatMap(({ AlarmActions = [] }) => AlarmActions)[0];
  const bad = MetricAlarms.flatMap((alarm) => badState(alarm, stage, now));
  return [
    ...(missing.length > 0 ? [wrong('alarms', `${missing.join(', ')} missing`, 'deploy again')] : []),
    ...(bad.length + missing.length === 0 ? [fine('alarms', `${MetricAlarms.length}, none cries`)] : bad),
    topic === undefined
      ? wrong('alarm e-mail', 'no alarm tells anybody', 'deploy again')
      : await subscription(sns, topic),
  ];
}

function badState(alarm: MetricAlarm, stage: string, now: number): readonly Check[] {
  const { AlarmName = '', AlarmDescription = '', StateValue } = alarm;
  const [meaning = '', next = 'see its description in CloudWatch'] = AlarmDescription.split(/\s*First: /);
  const what = `alarm ${AlarmName.slice(`sluice-${stage}-`.length)}`;
  if (StateValue === 'ALARM') return [wrong(what, meaning, next)];
  if (alarm.ActionsEnabled === false)
    return [wrong(what, 'its actions are switched off: it tells nobody', 'deploy again')];
  if (StateValue === 'OK') return [];
  if (StateValue !== 'INSUFFICIENT_DATA') return [wrong(what, `CloudWatch says ${StateValue} of it`, 'try again')];
  return isTooQuiet(alarm, now) ? [wrong(what, `hears nothing. ${meaning}`, next)] : [];
}

/** A new alarm has heard nothing yet: that is a fault only where silence is one, and after some time. */
function isTooQuiet(
  { InsufficientDataActions = [], StateUpdatedTimestamp, ...alarm }: MetricAlarm,
  now: number,
): boolean {
  const period = alarm.Period ?? alarm.Metrics?.flatMap(({ MetricStat }) => MetricStat?.Period ?? [])[0] ?? 0;
  const patienceMs = 3_600_000 + 1_000 * period * (alarm.EvaluationPeriods ?? 1);
  return InsufficientDataActions.length > 0 && now - (StateUpdatedTimestamp?.getTime() ?? 0) > patienceMs;
}

async function subscription(sns: Clients['sns'], TopicArn: string): Promise<Check> {
  const { Subscriptions = [] } = await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn }));
  const [first] = Subscriptions;
  const what = 'alarm e-mail';
  if (!first) return wrong(what, 'nobody is told: the address was unsubscribed', 'set alarmEmail, and deploy again');
  if (first.SubscriptionArn?.startsWith('arn:')) return fine(what, `${first.Endpoint} is told`);
  return wrong(
    what,
    `${first.Endpoint} did not confirm yet`,
    'follow the link in the mail that AWS sent there; look among spam',
  );
}
