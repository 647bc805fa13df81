import { metricsNamespace } from '../../entrance/metrics';
import type { Query } from './query';

/** Tells CloudWatch whether a proxy runs what it should. */
export type Told = (isSynced: boolean) => Promise<void>;

/** A metric that cannot be put fails nothing: the alarm hears the silence. Somebody's own machine has no slot, and tells nothing. */
export const tellSynced =
  (query: Query, prefix: string, slot: string | undefined): Told =>
  async (isSynced) => {
    if (!slot) return;
    await query('monitoring', 'PutMetricData', {
      Namespace: metricsNamespace(prefix),
      'MetricData.member.1.MetricName': 'Synced',
      'MetricData.member.1.Value': isSynced ? '1' : '0',
      'MetricData.member.1.Dimensions.member.1.Name': 'Proxy',
      'MetricData.member.1.Dimensions.member.1.Value': slot,
    }).catch(() => undefined);
  };

/** Tells how a sync ended, and gives its end on. */
export async function told<Report>(sync: Promise<Report>, tell: Told): Promise<Report> {
  try {
    const report = await sync;
    await tell(true);
    return report;
  } catch (error) {
    await tell(false);
    throw error;
  }
}
