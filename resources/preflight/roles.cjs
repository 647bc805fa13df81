// A fresh account lacks the roles in which ECS, Auto Scaling and Spot work, and its first cluster or group then fails.
const { CreateServiceLinkedRoleCommand } = require('@aws-sdk/client-iam');

/** Creates those that are missing; they cost nothing, belong to the account, and stay. */
async function createServiceRoles(iam, { own, taskCapacity }) {
  const services = ['autoscaling', ...(own ? ['ecs'] : []), ...(own && taskCapacity === 'spot' ? ['spot'] : [])];
  let failed;
  for (const service of services)
    await iam
      .send(new CreateServiceLinkedRoleCommand({ AWSServiceName: `${service}.amazonaws.com` }))
      .catch((error) => {
        // «has been taken in this account»: it is there.
        if (error.name !== 'InvalidInputException') failed ??= error;
      });
  if (failed) throw failed;
}

module.exports = { createServiceRoles };
