// What two alarms measure: a metric of every proxy, added up.
const slots = ({ resolveVariable }) => resolveVariable('self:custom.settings.slots');

/**
 * One query a proxy. The sum takes for 0 what one of them misses (AWS: Metric math, basic arithmetic). Where all are missing there
 * is no time to give a value for; were it 0, the alarm would cry instead of saying that it hears nothing.
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

/** What each hour was charged, of all instances that ever had the slot. */
module.exports.surplus = async (sls) => {
  const group = `sluice-${await sls.resolveVariable('sls:stage')}-proxy`;
  const dimension = (slot) => ({ Name: 'AutoScalingGroupName', Value: `${group}-${slot}` });
  const metric = { Namespace: 'AWS/EC2', MetricName: 'CPUSurplusCreditsCharged' };
  const ofSlot = (slot) => ({ Metric: { ...metric, Dimensions: [dimension(slot)] }, Period: 3600, Stat: 'Sum' });
  return sum(ofSlot, await slots(sls));
};
