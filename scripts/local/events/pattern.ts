/** Whether an event matches a rule's pattern (AWS: EventBridge event patterns). Unknown operators throw. */
export function matches(pattern: unknown, event: unknown): boolean {
  return Object.entries(pattern as Pattern).every(([key, wanted]) => {
    if (key === '$or') return (wanted as Pattern[]).some((alternative) => matches(alternative, event));
    const value = (event as Record<string, unknown> | undefined)?.[key];
    if (!Array.isArray(wanted)) return list(value).some((each) => matches(wanted, each));
    return wanted.some((rule) => (isOperator(rule) ? operate(rule, value) : list(value).includes(rule)));
  });
}

type Pattern = Record<string, unknown>;
type Operator = Record<string, unknown>;

/** A value that is a list matches when one of its elements does; what is absent matches like an empty object. */
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);

const isOperator = (rule: unknown): rule is Operator => typeof rule === 'object' && rule !== null;

function operate(operator: Operator, value: unknown): boolean {
  const [[name, argument] = ['', undefined], ...more] = Object.entries(operator);
  const test = operators[name];
  if (!test || more.length > 0)
    throw new Error(`the local world does not know the event pattern ${JSON.stringify(operator)}`);
  if (name === 'exists') return test(value, argument);
  return value !== undefined && list(value).some((each) => test(each, argument));
}

const text = (test: (value: string, argument: string) => boolean) => (value: unknown, argument: unknown) => {
  if (typeof argument !== 'string')
    throw new Error(`the local world does not know this argument: ${JSON.stringify(argument)}`);
  return typeof value === 'string' && test(value, argument);
};

const operators: Readonly<Record<string, (value: unknown, argument: unknown) => boolean>> = {
  exists: (value, argument) => (value !== undefined) === argument,
  prefix: text((value, argument) => value.startsWith(argument)),
  suffix: text((value, argument) => value.endsWith(argument)),
  'equals-ignore-case': text((value, argument) => value.toLowerCase() === argument.toLowerCase()),
  wildcard: text((value, argument) => new RegExp(`^${argument.split('*').map(quoted).join('.*')}$`, 's').test(value)),
  'anything-but': (value, argument) =>
    isOperator(argument) && !Array.isArray(argument) ? !operate(argument, value) : !list(argument).includes(value),
};

const quoted = (literal: string): string => literal.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
