// The metrics of two alarms: the sum of one metric over all proxies.
const slots = ({ resolveVariable }) => resolveVariable('self:custom.settings.slots');

/**
 * One query for each proxy. In the sum a missing value counts as 0 (AWS: Metric math, basic arithmetic). If all are missing, the sum is
 * missing too; if it were 0, the alarm would go to ALARM instead of INSUFFICIENT_DATA.
 */
const sum = (ofSlot, slots) => {
  const queries = slots.map((slot) => ({
    Id: `proxy${slot}`,
    MetricStat: ofSlot(slot),
    ReturnData: slots.length === 1,
  }));
  if (slots.length === 1) return queries;
  return [{ Id: 'all', Expression: queries.map(({ Id }) => Id).join(' + '), ReturnData: true }, ...queries];
};

/** 1 for every proxy that took what was published at least once in five minutes. */
module.exports.synced = async (sls) => {
  const Namespace = `Sluice/${await sls.resolveVariable('sls:stage')}`;
  const metric = (slot) => ({ Namespace, MetricName: 'Synced', Dimensions: [{ Name: 'Proxy', Value: `${slot}` }] });
  return sum((slot) => ({ Metric: metric(slot), Period: 300, Stat: 'Maximum' }), await slots(sls));
};

module.exports.surplus = async (sls) => {
  const group = `sluice-${await sls.resolveVariable('sls:stage')}-proxy`;
  const dimension = (slot) => ({ Name: 'AutoScalingGroupName', Value: `${group}-${slot}` });
  const metric = { Namespace: 'AWS/EC2', MetricName: 'CPUSurplusCreditsCharged' };
  const ofSlot = (slot) => ({ Metric: { ...metric, Dimensions: [dimension(slot)] }, Period: 3600, Stat: 'Sum' });
  return sum(ofSlot, await slots(sls));
};
