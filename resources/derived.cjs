// What follows from the settings: values for serverless.yml and the other files here.
const { readPages } = require('./settings/pages.cjs');

/** Whether an instance type has an Arm processor: a `g` follows its generation. */
const isArm = (type) => /^[a-z]+[0-9]+g/.test(type);

/** Let's Encrypt's. lib/certificates/settings.ts has them too: CommonJS cannot import TypeScript. */
const directories = {
  production: 'https://acme-v02.api.letsencrypt.org/directory',
  staging: 'https://acme-staging-v02.api.letsencrypt.org/directory',
};

/** The packager writes it into the bundle of reconcile, because an environment would be too small; base64 holds nothing that it would resolve. */
const bundled = (pages) => Buffer.from(JSON.stringify(pages)).toString('base64');

const ecsArn = (path) => ({ 'Fn::Sub': `arn:\${AWS::Partition}:ecs:\${AWS::Region}:\${AWS::AccountId}:${path}` });

/** The checked settings, with the defaults that depend on others and with further values for the templates. */
function derive(settings, stage) {
  const own = settings.vpcId === undefined;
  const { domain, contact = `hostmaster@${domain}` } = settings;
  const whole = {
    ...settings,
    own,
    contact,
    alarmEmail: settings.alarmEmail ?? contact,
    certificates: settings.certificates ?? [[domain, `*.${domain}`]],
    challengeZones: settings.challengeZones ?? [],
    trustedProxies: settings.trustedProxies ?? [],
    clusters: settings.clusters ?? [`sluice-${stage}`],
    dns: settings.dns ?? (own ? 'apex+wildcard' : 'none'),
    helloWorld: settings.helloWorld ?? own,
    taskInstanceTypes: settings.taskInstanceTypes ?? ['t4g.small', 't4g.medium', 'm6g.medium', 'm7g.medium'],
    taskSecurityGroupIds: settings.taskSecurityGroupIds ?? [],
    slots: Array.from({ length: settings.proxies }, (_, index) => index + 1),
  };
  return { ...whole, ...forNetwork(whole), ...forTaskHosts(whole), ...forReconcile(whole), ...forRenew(whole) };
}

const forNetwork = ({ vpcId, publicSubnetIds }) => ({
  vpc: vpcId ?? { Ref: 'Vpc' },
  subnets: publicSubnetIds ?? [{ Ref: 'SubnetA' }, { Ref: 'SubnetB' }],
});

const forTaskHosts = ({ taskInstanceTypes, taskCapacity, slots, helloWorld }) => ({
  taskHostTypes: taskInstanceTypes.map((InstanceType) => ({ InstanceType })),
  taskImage: `/aws/service/ecs/optimized-ami/amazon-linux-2023/${isArm(taskInstanceTypes[0]) ? 'arm64/' : ''}recommended/image_id`,
  taskOnDemandPercent: taskCapacity === 'spot' ? 0 : 100,
  /** What takes longest in a first deploy, and fails most easily: instances and tasks. */
  slowest: [...slots.map((slot) => `ProxyGroup${slot}`), ...(helloWorld ? ['HelloWorldService'] : [])],
});

const forReconcile = ({ clusters, slots, trustedProxies, minTls, errorPages }) => ({
  clusterNames: clusters.join(),
  clusterArns: clusters.map((name) => ecsArn(`cluster/${name}`)),
  clusterContents: clusters.flatMap((name) =>
    ['task', 'service', 'container-instance'].map((kind) => ecsArn(`${kind}/${name}/*`)),
  ),
  proxyAddresses: { 'Fn::Join': [',', slots.map((slot) => ({ Ref: `ProxyAddress${slot}` }))] },
  bundled: { 'process.env.SLUICE_ERROR_PAGES': JSON.stringify(bundled(readPages(errorPages).pages)) },
  /** As lib/haproxy/stage.ts names them. */
  stageSettingsJson: JSON.stringify({ trustedProxies, minTls }),
});

const forRenew = ({ certificates, acmeDirectory, challengeZones, hostedZoneId }) => ({
  certificatesJson: JSON.stringify(certificates),
  acmeDirectoryUrl: directories[acmeDirectory] ?? acmeDirectory,
  challengeZoneList: challengeZones.join(),
  /** All in which renew works: those of the names, and those to which CNAMEs of theirs lead. */
  zoneIds: [...new Set([hostedZoneId, ...challengeZones])],
});

/** A resource file that some settings leave out. */
const fileIf = (isWanted, file) => async (sls) =>
  isWanted(await sls.resolveVariable('self:custom.settings')) ? sls.resolveVariable(`file(resources/${file})`) : {};

module.exports = {
  derive,
  isArm,
  network: fileIf(({ own }) => own, 'network.yml'),
  cluster: fileIf(({ own }) => own, 'cluster.yml'),
  helloWorld: fileIf(({ helloWorld }) => helloWorld, 'hello-world.yml'),
  cloudMap: fileIf(({ cloudMap }) => cloudMap, 'cloud-map.yml'),
  alb: fileIf(({ alb }) => alb, 'alb.yml'),
};
