import { type Template, templateOf, templateWith } from './packaged';

let before: Template;
beforeAll(async () => {
  before = await templateOf();
});

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
  // Content and the like only where UpdateMethod is Replace, as it is by default (AWS: AWS::SSM::Document).
  'AWS::SSM::Document': ['Name', 'DocumentType', 'DocumentFormat', 'Attachments', 'Content', 'TargetType'],
};

/** Another sync is another document. Of a proxy that changes the version of what is launched next, and no instance. */
const document = ['SyncDocument.Name', 'SyncDocument.Content'];
const namesDocument = ['ReconcileLambdaFunction.Environment', 'SyncAtRegistration.Name'];
const nextLaunch = ['ProxyTemplate1.LaunchTemplateData', 'ProxyGroup1.LaunchTemplate'];

/** What a resource says, with what the changed ones give to others: the document's name, and a launch template's version. */
const said = ({ text, resources }: Template, value: unknown): string | undefined =>
  JSON.stringify(value)
    ?.replaceAll('{"Ref":"SyncDocument"}', () => JSON.stringify(resources.SyncDocument?.Properties.Name))
    .replace(/\{"Fn::GetAtt":\["(\w+)","LatestVersionNumber"\]\}/g, (_, id: string) =>
      JSON.stringify(said({ text, resources } as Template, resources[id]?.Properties)),
    )
    .replace(/\d{13}-\d{4}-\d\d-\d\dT[0-9:.]*Z/g, 'when');

/** Changed properties, as `id.property`; the path of a function's code says when it was packaged. */
const changed = (after: Template): string[] => {
  const ids = new Set([...Object.keys(before.resources), ...Object.keys(after.resources)]);
  return [...ids].flatMap((id) => {
    const [old = {}, now = {}] = [before, after].map(({ resources }) => resources[id]?.Properties ?? {});
    const keys = new Set([...Object.keys(old), ...Object.keys(now)]);
    return [...keys].filter((key) => said(before, old[key]) !== said(after, now[key])).map((key) => `${id}.${key}`);
  });
};

const typeOf = (property: string) => before.resources[property.split('.')[0] ?? '']?.Type ?? 'new';
const replaced = (after: Template) =>
  changed(after).filter((property) => immutable[typeOf(property)]?.includes(property.split('.')[1] ?? ''));

it('an edit of the sync, its script, HAProxy’s configuration and a label replaces no instance', async () => {
  const after = await templateWith({
    'lib/sync/run.ts': (text) => `${text}\nprocess.title = 'edited';\n`,
    'resources/instance/sync.sh': (text) => `${text}\n: edited\n`,
    'lib/haproxy/sections.ts': (text) => text.replace('hard-stop-after 10m', 'hard-stop-after 11m'),
    'resources/hello-world.yml': (text) => text.replace('haproxy.check: /health', 'haproxy.check: /'),
  });
  // The service takes a new revision in place.
  const anew = [...document, 'HelloWorldTask.ContainerDefinitions'];

  expect(changed(after).sort()).toStrictEqual([...namesDocument, ...nextLaunch, ...anew].sort());
  expect(replaced(after).sort()).toStrictEqual(anew.sort());
  // What is launched next differs in one word: the name of the document, from which a boot fetches the sync.
  const words = (template: Template) => said(template, template.properties('ProxyTemplate1'))?.split('"') ?? [];
  const { Name } = after.properties<{ Name: string }>('SyncDocument');
  expect(words(after).filter((word) => !words(before).includes(word))).toStrictEqual([Name]);
});

describe('a deploy', () => {
  it('with a second proxy touches nothing of the first, nor the cluster', async () => {
    const after = await templateOf('twoProxies');

    expect(changed(after).filter((property) => instances.includes(typeOf(property)))).toStrictEqual([]);
    expect(changed(after).filter((property) => typeOf(property).startsWith('AWS::Route53'))).toStrictEqual([]);
  });

  it('replaces no instance by itself, because no group has an update policy', () => {
    for (const [id] of before.ofType('AWS::AutoScaling::AutoScalingGroup'))
      expect(before.resources[id]).not.toHaveProperty('UpdatePolicy');
  });

  it('has images resolved at launch, not at the deploy', () => {
    const images = before
      .ofType<{ LaunchTemplateData: { ImageId: string } }>('AWS::EC2::LaunchTemplate')
      .map(([, { LaunchTemplateData }]) => LaunchTemplateData.ImageId);

    for (const image of images) expect(image).toMatch(/^resolve:ssm:\/aws\/service\//);
    expect(before.text).not.toContain('AWS::SSM::Parameter::Value');
  });
});
