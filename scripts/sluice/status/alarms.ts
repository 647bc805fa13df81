import { DescribeAlarmsCommand, type MetricAlarm } from '@aws-sdk/client-cloudwatch';
import { ListSubscriptionsByTopicCommand } from '@aws-sdk/client-sns';
import { putBack, type Stage } from '../stage';
import { type Check, fine, wrong } from './check';
import type { Clients } from './clients';

/** Alarms that are in ALARM, those without data, and whether their mails arrive. */
export async function alarmChecks({ cloudwatch, sns }: Clients, stage: Stage, now: number): Promise<readonly Check[]> {
  const { alarms } = stage;
  const { MetricAlarms = [] } = await cloudwatch.send(new DescribeAlarmsCommand({ AlarmNames: alarms }));
  const missing = alarms.filter((name) => !MetricAlarms.some(({ AlarmName }) => AlarmName === name));
  const topic = MetricAlarms.flatMap(({ AlarmActions = [] }) => AlarmActions)[0];
  const bad = MetricAlarms.flatMap((alarm) => badState(alarm, stage, now));
  const back = `if a newer release brings them, deploy; if they were deleted: ${putBack(stage)}`;
  return [
    ...(missing.length > 0 ? [wrong('alarms', `${missing.join(', ')} missing`, back)] : []),
    ...(bad.length + missing.length === 0 ? [fine('alarms', `${MetricAlarms.length}, none is in ALARM`)] : bad),
    ...(topic === undefined ? [] : [await subscription(sns, topic, stage)]),
  ];
}

function badState(alarm: MetricAlarm, stage: Stage, now: number): readonly Check[] {
  const { AlarmName = '', AlarmDescription = '', StateValue, AlarmActions = [] } = alarm;
  const [meaning = '', next = 'see its description in CloudWatch'] = AlarmDescription.split(/\s*First: /);
  const what = `alarm ${AlarmName.slice(`sluice-${stage.stage}-`.length)}`;
  if (StateValue === 'ALARM') return [wrong(what, meaning, next)];
  if (alarm.ActionsEnabled === false) {
    const on = stage.aws(`cloudwatch enable-alarm-actions --alarm-names ${AlarmName}`);
    return [wrong(what, 'its actions are switched off: it sends no mail', on)];
  }
  if (AlarmActions.length === 0) return [wrong(what, 'it sends no mail: its actions were removed', putBack(stage))];
  if (StateValue === 'OK') return [];
  if (StateValue !== 'INSUFFICIENT_DATA') return [wrong(what, `its state is ${StateValue}`, 'try again')];
  return isTooQuiet(alarm, now) ? [wrong(what, `has no data. ${meaning}`, next)] : [];
}

/** A new alarm has no data yet: that is a fault only where it should have some, and after some time. */
function isTooQuiet(
  { InsufficientDataActions = [], StateUpdatedTimestamp, ...alarm }: MetricAlarm,
  now: number,
): boolean {
  const period = alarm.Period ?? alarm.Metrics?.flatMap(({ MetricStat }) => MetricStat?.Period ?? [])[0] ?? 0;
  const patienceMs = 3_600_000 + 1_000 * period * (alarm.EvaluationPeriods ?? 1);
  return InsufficientDataActions.length > 0 && now - (StateUpdatedTimestamp?.getTime() ?? 0) > patienceMs;
}

async function subscription(sns: Clients['sns'], TopicArn: string, { aws }: Stage): Promise<Check> {
  const { Subscriptions = [] } = await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn }));
  const what = 'alarm e-mail';
  const confirmed = Subscriptions.find(({ SubscriptionArn }) => SubscriptionArn?.startsWith('arn:'));
  if (confirmed) return fine(what, `alarms go to ${confirmed.Endpoint}`);
  const subscribe = (address: string) =>
    aws(`sns subscribe --topic-arn ${TopicArn} --protocol email --notification-endpoint ${address}`);
  const pending = Subscriptions.find(({ SubscriptionArn }) => SubscriptionArn !== 'Deleted');
  if (!pending)
    return wrong(
      what,
      'alarms reach no address: it was unsubscribed, or never confirmed',
      `${subscribe('<address>')}, then follow the link in the mail; no deploy subscribes an address twice`,
    );
  return wrong(
    what,
    `${pending.Endpoint} did not confirm yet`,
    'follow the link in the mail that AWS sent there, which is valid for two days; check the spam folder too;' +
      ` ${subscribe(pending.Endpoint ?? '<address>')} sends another`,
  );
}
