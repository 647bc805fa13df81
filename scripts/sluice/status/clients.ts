import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { EC2Client, type EC2ClientConfig } from '@aws-sdk/client-ec2';
import { ECSClient } from '@aws-sdk/client-ecs';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';

export const clientsWith = (config: EC2ClientConfig) => ({
  ec2: new EC2Client(config),
  ecs: new ECSClient(config),
  ssm: new SSMClient(config),
  sqs: new SQSClient(config),
  cloudwatch: new CloudWatchClient(config),
  sns: new SNSClient(config),
});
export type Clients = ReturnType<typeof clientsWith>;
