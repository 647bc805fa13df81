// Checks the stack's own cluster: whether another owner has one of its name, and whether other services run in it.
const { DescribeClustersCommand, paginateListServices } = require('@aws-sdk/client-ecs');

/** A cluster that already has the name of the one to create; a removal would delete it. */
async function clusterFaults(ecs, { own, clusters: [name] }, resources) {
  if (!own || resources.has('Cluster')) return [];
  const { clusters } = await ecs.send(new DescribeClustersCommand({ clusters: [name] }));
  if (!clusters?.some(({ status }) => status === 'ACTIVE')) return [];
  return [
    `cluster ${name} exists and is not this stack's: choose another --stage, or deploy beside it (docs/adopting.md); delete it only` +
      ` if nobody needs it (\`aws ecs delete-cluster --cluster ${name}\`)`,
  ];
}

/** Services that must be deleted before the stack: with them the cluster cannot be deleted, and the removal would hang half done. */
async function foreignServices(ecs, cluster) {
  const found = [];
  try {
    for await (const { serviceArns } of paginateListServices({ client: ecs }, { cluster })) found.push(...serviceArns);
  } catch (error) {
    if (error.name === 'ClusterNotFoundException') return [];
    throw error;
  }
  const foreign = found.map((arn) => arn.split('/').at(-1)).filter((name) => name !== 'hello-world');
  if (foreign.length === 0) return [];
  return [
    `cluster ${cluster} still runs ${foreign.join(', ')}: delete each` +
      ` (\`aws ecs delete-service --force --cluster ${cluster} --service …\`), then remove again`,
  ];
}

module.exports = { clusterFaults, foreignServices };
