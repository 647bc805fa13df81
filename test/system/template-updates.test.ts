import { type Template, templateOf, templateWith } from './packaged';

let before: Template;
beforeAll(async () => {
  before = await templateOf();
}, 60_000);

/** What a proxy or a host is made from, or stands on: a change here replaces it, or may at its next launch. */
const instances = [
  'AWS::AutoScaling::AutoScalingGroup',
  'AWS::EC2::EIP',
  'AWS::EC2::Instance',
  'AWS::EC2::LaunchTemplate',
  'AWS::EC2::SecurityGroup',
  'AWS::EC2::Subnet',
  'AWS::EC2::VPC',
  'AWS::ECS::CapacityProvider',
  'AWS::ECS::Cluster',
  'AWS::IAM::InstanceProfile',
];

/** Properties that CloudFormation cannot change in place, of the types that the edits below touch. */
const immutable: Readonly<Record<string, readonly string[]>> = {
  'AWS::ECS::TaskDefinition': ['Family', 'ContainerDefinitions', 'NetworkMode', 'RequiresCompatibilities'],
  'AWS::Lambda::Function': ['FunctionName', 'PackageType'],
  // Content too, unless UpdateMethod is NewVersion (AWS: AWS::SSM::Document).
  'AWS::SSM::Document': ['Name', 'DocumentType', 'DocumentFormat', 'Attachments'],
};

/** Changed properties, as `id.property`; the path of a function's code says when it was packaged. */
const changed = (after: Template): string[] => {
  const ids = new Set([...Object.keys(before.resources), ...Object.keys(after.resources)]);
  return [...ids].flatMap((id) => {
    const [old = {}, now = {}] = [before, after].map(({ resources }) => resources[id]?.Properties ?? {});
    const keys = new Set([...Object.keys(old), ...Object.keys(now)]);
    const text = (value: unknown) => JSON.stringify(value)?.replace(/\d{13}-\d{4}-\d\d-\d\dT[0-9:.]*Z/g, 'when');
    return [...keys].filter((key) => text(old[key]) !== text(now[key])).map((key) => `${id}.${key}`);
  });
};

const typeOf = (property: string) => before.resources[property.split('.')[0] ?? '']?.Type ?? 'new';
const replaced = (after: Template) =>
  changed(after).filter((property) => immutable[typeOf(property)]?.includes(property.split('.')[1] ?? ''));

describe('an edit of', () => {
  it.each([
    [
      'the sync',
      'lib/sync/run.ts',
      (text: string) => `${text}\nprocess.title = 'edited';\n`,
      ['SyncDocument.Content'],
      [],
    ],
    [
      'the instance’s script',
      'resources/instance/sync.sh',
      (text: string) => `${text}\n: edited\n`,
      ['SyncDocument.Content'],
      [],
    ],
    // The sync starts with it, before anything was published.
    [
      'what HAProxy is told',
      'lib/haproxy/sections.ts',
      (text: string) => text.replace('maxconn 4000', 'maxconn 4001'),
      ['SyncDocument.Content'],
      [],
    ],
    [
      'a label',
      'resources/hello-world.yml',
      (text: string) => text.replace('haproxy.check: /health', 'haproxy.check: /'),
      ['HelloWorldTask.ContainerDefinitions'],
      // A new revision, which the service takes in place; no instance.
      ['HelloWorldTask.ContainerDefinitions'],
    ],
  ])(
    '%s replaces no instance',
    async (_, file, edit, properties, expected) => {
      const after = await templateWith(file, edit);

      expect(changed(after)).toStrictEqual(properties);
      expect(replaced(after)).toStrictEqual(expected);
      expect(changed(after).filter((property) => instances.includes(typeOf(property)))).toStrictEqual([]);
      for (const property of changed(after)) expect(Object.keys(immutable)).toContain(typeOf(property));
    },
    60_000,
  );
});

describe('a deploy', () => {
  it('with a second proxy touches nothing of the first, nor the cluster', async () => {
    const after = await templateOf('twoProxies');

    expect(changed(after).filter((property) => instances.includes(typeOf(property)))).toStrictEqual([]);
    expect(changed(after).filter((property) => typeOf(property).startsWith('AWS::Route53'))).toStrictEqual([]);
  }, 60_000);

  it('replaces no instance by itself: none of the groups has a policy that would', () => {
    for (const [id] of before.ofType('AWS::AutoScaling::AutoScalingGroup'))
      expect(before.resources[id]).not.toHaveProperty('UpdatePolicy');
  });

  it('has images resolved at launch, not when it is made', () => {
    const images = before
      .ofType<{ LaunchTemplateData: { ImageId: string } }>('AWS::EC2::LaunchTemplate')
      .map(([, { LaunchTemplateData }]) => LaunchTemplateData.ImageId);

    for (const image of images) expect(image).toMatch(/^resolve:ssm:\/aws\/service\//);
    expect(before.text).not.toContain('AWS::SSM::Parameter::Value');
  });
});
