// Faults between settings that are right one by one.
const { isArm } = require('../derived.cjs');

const joined = ['vpcId', 'publicSubnetIds', 'clusters'];

/** @param given all given settings, right or wrong @param read the right ones */
function contradictions(given, read) {
  const faults = [];
  const missing = joined.filter((name) => given[name] === undefined);
  if (missing.length > 0 && missing.length < joined.length)
    for (const name of missing) faults.push(`${name}: is missing: ${joined.join(', ')} go together`);
  if (missing.length > 0 && given.taskSecurityGroupIds) faults.push('taskSecurityGroupIds: needs vpcId beside it');
  if (given.vpcId && read.helloWorld)
    faults.push('helloWorld: has no place in clusters that are not this stack’s own; take it out');
  if (read.cloudMap && (given.vpcId || read.helloWorld === false)) faults.push('cloudMap: needs helloWorld');
  faults.push(...albContradictions(given, read));
  if (new Set((read.taskInstanceTypes ?? []).map(isArm)).size > 1)
    faults.push('taskInstanceTypes: must all have one processor, Arm (such as t4g.small) or x86 (such as t3a.small)');
  return faults;
}

function albContradictions({ vpcId, alb: set }, { alb, albPercent = 0, helloWorld, dns }) {
  const faults = [];
  if (alb && (vpcId || helloWorld === false))
    faults.push('alb: needs helloWorld, which it serves; docs/way-up.md tells the way for services of your own');
  if (albPercent > 0 && !alb && (set === undefined || alb === false))
    faults.push(`albPercent: ${albPercent} needs alb: true, or it would lead to nobody`);
  if (albPercent > 0 && dns === 'none')
    faults.push(`albPercent: ${albPercent} needs records; with \`dns: none\` move your own`);
  return faults;
}

module.exports = { contradictions };
