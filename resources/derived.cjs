// What follows from the settings, for serverless.yml and the other files here.
/** Whether an instance type has an Arm processor: a `g` follows its generation. */
const isArm = (type) => /^[a-z]+[0-9]+g/.test(type);

/** The settings as checked, defaults that depend on others, and what the templates need besides. */
function derive(settings, stage) {
  const own = settings.vpcId === undefined;
  const { domain, contact = `hostmaster@${domain}` } = settings;
  const helloWorld = settings.helloWorld ?? own;
  const taskInstanceTypes = settings.taskInstanceTypes ?? ['t4g.small', 't4g.medium', 'm6g.medium', 'm7g.medium'];
  const arm = isArm(taskInstanceTypes[0]);
  return {
    ...settings,
    own,
    contact,
    alarmEmail: settings.alarmEmail ?? contact,
    certificates: settings.certificates ?? [[domain, `*.${domain}`]],
    challengeZones: settings.challengeZones ?? [],
    clusters: settings.clusters ?? [`sluice-${stage}`],
    dns: settings.dns ?? (own ? 'apex+wildcard' : 'none'),
    helloWorld,
    taskInstanceTypes,
    taskHostTypes: taskInstanceTypes.map((InstanceType) => ({ InstanceType })),
    taskImage: `/aws/service/ecs/optimized-ami/amazon-linux-2023/${arm ? 'arm64/' : ''}recommended/image_id`,
    taskOnDemandPercent: settings.taskCapacity === 'spot' ? 0 : 100,
    taskSecurityGroupIds: settings.taskSecurityGroupIds ?? [],
    vpc: settings.vpcId ?? { Ref: 'Vpc' },
    subnets: settings.publicSubnetIds ?? [{ Ref: 'SubnetA' }, { Ref: 'SubnetB' }],
    slots: Array.from({ length: settings.proxies }, (_, index) => index + 1),
    // Files of serverless.yml that some settings leave out.
    parts: {
      network: part(own, 'network.yml'),
      cluster: part(own, 'cluster.yml'),
      helloWorld: part(helloWorld, 'hello-world.yml'),
      cloudMap: part(settings.cloudMap, 'cloud-map.yml'),
      alb: part(settings.alb, 'alb.yml'),
    },
  };
}

const part = (wanted, file) => (wanted ? `\${file(resources/${file})}` : {});

module.exports = { derive, isArm };
