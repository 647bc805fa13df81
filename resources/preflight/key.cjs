// The key of new volumes. If it is one of the account's own, Auto Scaling can start no instance unless the key permits it.
const { GetEbsDefaultKmsKeyIdCommand } = require('@aws-sdk/client-ec2');

/** Only the key's policy and grants say whether it permits that, and few users may read these. So this is a hint, not a fault. */
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
