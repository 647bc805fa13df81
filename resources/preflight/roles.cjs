// A fresh account lacks the roles in which ECS, Auto Scaling and Spot work, and its first cluster or group then fails.
const { CreateServiceLinkedRoleCommand } = require('@aws-sdk/client-iam');

/** Creates those that are missing; they cost nothing, belong to the account, and stay. */
async function createServiceRoles(iam, { own, taskCapacity }) {
  const services = ['autoscaling', ...(own ? ['ecs'] : []), ...(own && taskCapacity === 'spot' ? ['spot'] : [])];
  for (const service of services) {
    const AWSServiceName = `${service}.amazonaws.com`;
    await iam.send(new CreateServiceLinkedRoleCommand({ AWSServiceName })).catch((error) => {
      // «has been taken in this account»: it is there.
      if (error.name !== 'InvalidInputException')
        throw new Error(`Creating the service-linked role of ${AWSServiceName} failed: ${error.message}`, {
          cause: error,
        });
    });
  }
}

module.exports = { createServiceRoles };
