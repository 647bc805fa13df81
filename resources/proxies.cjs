// The proxies: for each slot an address, a launch template, and an Auto Scaling group of one that replaces a lost instance.
const { readFileSync } = require('node:fs');
const { join } = require('node:path');

const { limits } = require('./limits.cjs');

const hook = 'serves';
const groupName = (stage, slot) => `sluice-${stage}-proxy-${slot}`;
const tags = (stage, slot) => [
  { Key: 'Name', Value: groupName(stage, slot) },
  // Run Command selects instances by this tag, and only tagged addresses may be claimed. Tags of the stack would be on ECS hosts too.
  { Key: 'SluiceProxy', Value: stage },
];

const file = (name) => readFileSync(join(__dirname, 'instance', name), 'utf8');

/** The instance's environment. Values that only CloudFormation knows stand here, and nowhere else in its user data. */
const environment = ({ stage, prefix, slot, type }) => ({
  AWS_REGION: { Ref: 'AWS::Region' },
  AWS_DOMAIN: { Ref: 'AWS::URLSuffix' },
  SLUICE_PREFIX: prefix,
  SLUICE_DOCUMENT: { Ref: 'SyncDocument' },
  SLUICE_SLOT: `${slot}`,
  SLUICE_ADDRESS: { 'Fn::GetAtt': [`ProxyAddress${slot}`, 'AllocationId'] },
  SLUICE_GROUP: groupName(stage, slot),
  SLUICE_HOOK: hook,
  ...Object.fromEntries(Object.entries(limits(type)).map(([name, value]) => [name, `${value}`])),
});

/** For cloud-init, which reads JSON as YAML. */
const cloudConfig = (lines) => ({
  // 512 MB hold HAProxy and the agent, but not apt beside them.
  swap: { filename: '/swapfile', size: '512M' },
  write_files: [
    { path: '/var/lib/sluice/environment', permissions: '0600', content: lines },
    { path: '/var/lib/sluice/bootstrap.sh', permissions: '0600', content: file('bootstrap.sh') },
    { path: '/etc/systemd/system/haproxy.service.d/sluice.conf', content: file('haproxy.conf') },
    { path: '/etc/systemd/system/sluice-pull.service', content: file('sluice-pull.service') },
    { path: '/etc/apt/apt.conf.d/52sluice', content: file('security-updates.conf') },
    // By default the agent keeps every run for two weeks, with the whole sync: many nudges would fill the disk.
    { path: '/etc/amazon/ssm/amazon-ssm-agent.json', content: file('amazon-ssm-agent.json') },
  ],
  runcmd: [['sh', '/var/lib/sluice/bootstrap.sh']],
});

const here = '@ENVIRONMENT@';

/** Fn::Join, because Fn::Sub would replace the shell's variables. */
const userData = (values) => {
  const [before, after] = `#cloud-config\n${JSON.stringify(cloudConfig(here), undefined, 1)}\n`.split(here);
  const lines = Object.entries(values).flatMap(([name, value]) => [`${name}=`, value, '\\n']);
  return { 'Fn::Base64': { 'Fn::Join': ['', [before, ...lines, after]] } };
};

const address = (stage, slot, own) => ({
  Type: 'AWS::EC2::EIP',
  ...(own && { DependsOn: 'GatewayAttachment' }),
  Properties: { Domain: 'vpc', Tags: tags(stage, slot) },
});

const template = (stage, slot, type, values) => ({
  Type: 'AWS::EC2::LaunchTemplate',
  Properties: {
    LaunchTemplateData: {
      ImageId: 'resolve:ssm:/aws/service/canonical/ubuntu/server/24.04/stable/current/arm64/hvm/ebs-gp3/ami-id',
      InstanceType: type,
      // T4g gets no launch credits: on standard ones a boot takes 10 to 20 minutes. Only burstable types have credits.
      ...(type.startsWith('t') && { CreditSpecification: { CpuCredits: 'unlimited' } }),
      IamInstanceProfile: { Arn: { 'Fn::GetAtt': ['ProxyProfile', 'Arn'] } },
      MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 1 },
      BlockDeviceMappings: [
        {
          DeviceName: '/dev/sda1',
          Ebs: { VolumeType: 'gp3', VolumeSize: 8, Encrypted: true, DeleteOnTermination: true },
        },
      ],
      NetworkInterfaces: [
        // It boots with an address of its own; later it claims the public one of its slot.
        {
          DeviceIndex: 0,
          AssociatePublicIpAddress: true,
          Groups: [{ 'Fn::GetAtt': ['ProxySecurityGroup', 'GroupId'] }],
        },
      ],
      UserData: userData(values),
      TagSpecifications: ['instance', 'volume', 'network-interface'].map((ResourceType) => ({
        ResourceType,
        Tags: tags(stage, slot),
      })),
    },
  },
});

/** No UpdatePolicy: a deploy replaces no proxy. An instance refresh does, and so does the loss of one. */
const group = (stage, slot, { subnets, own }) => ({
  Type: 'AWS::AutoScaling::AutoScalingGroup',
  // Created after all that a boot needs, and deleted before it.
  DependsOn: ['ProxyRole', ...(own ? ['InternetRoute', 'SubnetARoutes', 'SubnetBRoutes'] : [])],
  Properties: {
    AutoScalingGroupName: groupName(stage, slot),
    MinSize: '1',
    MaxSize: '2',
    VPCZoneIdentifier: subnets,
    LaunchTemplate: {
      LaunchTemplateId: { Ref: `ProxyTemplate${slot}` },
      Version: { 'Fn::GetAtt': [`ProxyTemplate${slot}`, 'LatestVersionNumber'] },
    },
    HealthCheckType: 'EC2',
    // The successor starts first. It counts once it has claimed the address; if it has not within 15 minutes, the hook ends it.
    InstanceMaintenancePolicy: { MinHealthyPercentage: 100, MaxHealthyPercentage: 200 },
    LifecycleHookSpecificationList: [
      {
        LifecycleHookName: hook,
        LifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING',
        DefaultResult: 'ABANDON',
        HeartbeatTimeout: 900,
      },
    ],
    Tags: tags(stage, slot).map((tag) => ({ ...tag, PropagateAtLaunch: false })),
  },
});

const read = async ({ resolveVariable }) => ({
  stage: await resolveVariable('sls:stage'),
  prefix: await resolveVariable('self:custom.prefix'),
  settings: await resolveVariable('self:custom.settings'),
});

module.exports.resources = async (sls) => {
  const { stage, prefix, settings } = await read(sls);
  const { proxyInstanceType: type } = settings;
  const resources = settings.slots.flatMap((slot) => [
    [`ProxyAddress${slot}`, address(stage, slot, settings.own)],
    [`ProxyTemplate${slot}`, template(stage, slot, type, environment({ stage, prefix, slot, type }))],
    [`ProxyGroup${slot}`, group(stage, slot, settings)],
  ]);
  return { Resources: Object.fromEntries(resources) };
};

/** One name each: `sluice-prod-proxy-*` would also match a stage called `prod-proxy-x`. */
module.exports.groups = async (sls) => {
  const { stage, settings } = await read(sls);
  const arn = `arn:\${AWS::Partition}:autoscaling:\${AWS::Region}:\${AWS::AccountId}:autoScalingGroup:*:autoScalingGroupName`;
  return settings.slots.map((slot) => ({ 'Fn::Sub': `${arn}/${groupName(stage, slot)}` }));
};
