// A new account lacks the service-linked roles of ECS, Auto Scaling and Spot; without them its first cluster or group fails.
const { CreateServiceLinkedRoleCommand } = require('@aws-sdk/client-iam');

/** Creates the missing roles. They cost nothing, belong to the account, and stay after a removal. */
async function createServiceRoles(iam, { own, taskCapacity }) {
  const services = ['autoscaling', ...(own ? ['ecs'] : []), ...(own && taskCapacity === 'spot' ? ['spot'] : [])];
  let failed;
  for (const service of services)
    await iam
      .send(new CreateServiceLinkedRoleCommand({ AWSServiceName: `${service}.amazonaws.com` }))
      .catch((error) => {
        // "has been taken in this account": the role exists.
        if (error.name !== 'InvalidInputException') failed ??= error;
      });
  if (failed) throw failed;
}

module.exports = { createServiceRoles };
