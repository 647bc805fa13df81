// Services that others run in the stack's own cluster: it could not be deleted, and the removal would hang half done.
const { paginateListServices } = require('@aws-sdk/client-ecs');

/** What must be deleted before the stack can be. */
async function foreignServices(ecs, cluster) {
  const found = [];
  try {
    for await (const { serviceArns } of paginateListServices({ client: ecs }, { cluster })) found.push(...serviceArns);
  } catch (error) {
    if (error.name === 'ClusterNotFoundException') return [];
    throw new Error(`Listing the services of cluster ${cluster} failed: ${error.message}`, { cause: error });
  }
  const foreign = found.map((arn) => arn.split('/').at(-1)).filter((name) => name !== 'hello-world');
  if (foreign.length === 0) return [];
  return [
    `cluster ${cluster} still runs ${foreign.join(', ')}: delete each` +
      ` (\`aws ecs delete-service --force --cluster ${cluster} --service …\`), then remove again`,
  ];
}

module.exports = { foreignServices };
