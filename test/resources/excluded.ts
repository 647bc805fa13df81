/** What the schemas list, and resources need only with a property of such a name. None of ours has one. */
type Excluded = { readonly actions: RegExp; readonly why: string; readonly unless: RegExp; readonly of?: string };
export const excluded: readonly Excluded[] = [
  { actions: /^acm-pca:/, why: 'issues by a private authority', unless: /CertificateAuthorityArn/ },
  { actions: /^cognito-idp:/, why: 'lets a listener log visitors in', unless: /Cognito/ },
  { actions: /^ec2:AcceptAddressTransfer$/, why: 'takes an address over', unless: /TransferAddress/ },
  { actions: /^ec2:AssociateAddress$/, why: 'the proxies claim their addresses themselves', unless: /InstanceId/ },
  { actions: /^ec2:(Dis)?[Aa]ssociateSubnetCidrBlock$/, why: 'serves IPv6', unless: /Ipv6/ },
  { actions: /^ec2:(Attach|Detach)VpnGateway$/, why: 'attaches a VPN', unless: /VpnGateway/ },
  { actions: /^ec2:CreateVpcEncryptionControl$/, why: 'encrypts between instances', unless: /VpcEncryptionControl/ },
  { actions: /^ec2:Get/, why: 'finds instance types by requirements', unless: /InstanceRequirements/ },
  { actions: /^ec2:ModifyVpcTenancy$/, why: 'moves a VPC to hardware of its own', unless: /InstanceTenancy/ },
  {
    actions: /^ec2:UpdateSecurityGroupRuleDescriptionsEgress$/,
    why: 'describes rules for what goes out',
    unless: /SecurityGroupEgress/,
  },
  { actions: /^ecs:PutAccountSetting(Default)?$/, why: 'sets what the account does by default', unless: /Settings/ },
  { actions: /^(elasticfilesystem|s3files):/, why: 'mounts a file system', unless: /FileSystemConfigs/ },
  { actions: /^(firehose:|logs:CreateLogDelivery$)/, why: 'masks secrets in logs', unless: /DataProtectionPolicy/ },
  { actions: /^logs:(Put|Delete)IndexPolicy$/, why: 'indexes logs', unless: /IndexPolicies/ },
  { actions: /^logs:(Put|Delete)ResourcePolicy$/, why: 'lets others write logs', unless: /ResourcePolicy/ },
  { actions: /^kms:/, why: 'encrypts with a key of your own', unless: /Kms|KMS/ },
  { actions: /^lambda:(Get|PutFunction)CodeSigningConfig$/, why: 'runs signed code only', unless: /CodeSigning/ },
  { actions: /^lambda:GetLayerVersion$/, why: 'adds a layer', unless: /Layers/ },
  { actions: /^lambda:PassCapacityProvider$/, why: 'runs on instances', unless: /CapacityProviderConfig/ },
  { actions: /^resource-groups:/, why: 'targets a resource group', unless: /resource-groups/ },
  { actions: /^route53-recovery-control-config:/, why: 'follows a routing control', unless: /RoutingControlArn/ },
  {
    actions: /^route53:ChangeResourceRecordSets$/,
    of: 'AWS::ServiceDiscovery::PrivateDnsNamespace',
    why: 'changes the SOA record of a namespace: allowed, it would be so in every zone',
    unless: /SOA/,
  },
  { actions: /^s3tables:/, why: 'keeps a table of what a bucket holds', unless: /Metadata/ },
  // Whatever the properties are.
  { actions: /^ssm:Get(?!Document|CalendarState)/, why: 'finds the image, which is asked for below', unless: /^$/ },
  { actions: /^vpc-lattice:/, why: 'puts instances into a lattice', unless: /TrafficSources/ },
];
