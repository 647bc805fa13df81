// The key of new volumes: with one of the account's own, Auto Scaling may start nothing unless the key says it may.
const { GetEbsDefaultKmsKeyIdCommand } = require('@aws-sdk/client-ec2');

/** Whether that is so only the key's policy and grants tell, which few may read: so it is said, and no obstacle. */
async function keyHints(ec2) {
  const { KmsKeyId } = await ec2.send(new GetEbsDefaultKmsKeyIdCommand({}));
  if (KmsKeyId === undefined || /(^|:)alias\/aws\/ebs$/.test(KmsKeyId)) return [];
  return [
    `new volumes are encrypted with ${KmsKeyId}: no instance starts unless Auto Scaling's role may use that key.` +
      ` If this deploy says that an instance could not start, break it off, let the role use the key, and deploy again: \`aws kms create-grant --key-id ${KmsKeyId} --grantee-principal` +
      ` arn:aws:iam::${KmsKeyId.split(':')[4] ?? '<account>'}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling --operations` +
      ' Encrypt Decrypt ReEncryptFrom ReEncryptTo GenerateDataKey GenerateDataKeyWithoutPlaintext DescribeKey CreateGrant`',
  ];
}

module.exports = { keyHints };
