type Fields = Readonly<Record<string, unknown>>;

/** A task definition in ECS's own form, and how to call it. */
export type Found = { readonly name: string; readonly definition: Fields };

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Finds task definitions. For each value the first row that fits decides:
 *
 * | the value                                                        | it is                                                   |
 * | ---------------------------------------------------------------- | ------------------------------------------------------- |
 * | a list                                                           | containers, such as `container_definitions` of Terraform |
 * | has `taskDefinition`                                             | the answer of `describe-task-definition`                |
 * | has `Resources`                                                  | a template of CloudFormation, such as `cdk synth` makes |
 * | has `Properties`                                                 | one resource of a template                              |
 * | has `ContainerDefinitions`                                       | its properties                                          |
 * | has `containerDefinitions`                                       | what `register-task-definition` takes                   |
 */
export function definitionsIn(value: unknown): readonly Found[] {
  if (Array.isArray(value)) return value.length > 0 ? [{ name: '', definition: { containerDefinitions: value } }] : [];
  if (!isObject(value)) return [];
  if (isObject(value.taskDefinition)) return definitionsIn(value.taskDefinition);
  if (isObject(value.Resources)) {
    const resources = Object.entries(value.Resources);
    const meant = resources.filter(([, each]) => isObject(each) && each.Type === 'AWS::ECS::TaskDefinition');
    return meant.flatMap(([id, each]) => definitionsIn(each).map((found) => ({ ...found, name: id })));
  }
  if (isObject(value.Properties)) return definitionsIn(value.Properties);
  if (value.ContainerDefinitions !== undefined) return definitionsIn(inCamelCase(value));
  if (value.containerDefinitions === undefined) return [];
  return [{ name: typeof value.family === 'string' ? value.family : '', definition: value }];
}

/** What stands below these keys is the user's own. */
const free = /^(DockerLabels|Options|SystemControls)$/;
const numbers = /^(ContainerPort|HostPort)$/;

/** CloudFormation's keys begin with a capital, and it takes a number as text. */
function inCamelCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inCamelCase);
  if (!isObject(value)) return value;
  const entries = Object.entries(value).map(([key, each]) => {
    const asNumber = numbers.test(key) && typeof each === 'string' && /^\d{1,5}$/.test(each) ? Number(each) : each;
    return [key.charAt(0).toLowerCase() + key.slice(1), free.test(key) ? each : inCamelCase(asNumber)];
  });
  return Object.fromEntries(entries);
}
