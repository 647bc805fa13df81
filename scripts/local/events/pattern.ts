import { fail } from '../api/errors';

type Pattern = Readonly<Record<string, unknown>>;

/** Whether an event matches a rule's pattern (AWS: EventBridge event patterns). Unknown operators throw. */
export function matches(pattern: unknown, event: unknown): boolean {
  return Object.entries(pattern as Pattern).every(([key, wanted]) => {
    if (key === '$or') return (wanted as Pattern[]).some((alternative) => matches(alternative, event));
    const value = (event as Pattern | undefined)?.[key];
    if (!Array.isArray(wanted)) return list(value).some((each) => matches(wanted, each));
    return wanted.some((rule) => (isOperator(rule) ? operate(rule, value) : list(value).includes(rule)));
  });
}

/** A value that is a list matches when one of its elements does; what is absent matches like an empty object. */
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);

const isOperator = (rule: unknown): rule is Pattern => typeof rule === 'object' && rule !== null;

function operate(operator: Pattern, value: unknown): boolean {
  const [[name, argument] = ['', undefined], ...more] = Object.entries(operator);
  const test = operators[name];
  if (!test || more.length > 0) fail(`the local world does not know the event pattern ${JSON.stringify(operator)}`);
  if (name === 'exists') return (value !== undefined) === argument;
  return value !== undefined && list(value).some((each) => test?.(each, argument));
}

const operators: Readonly<Record<string, (value: unknown, argument: unknown) => boolean>> = {
  exists: () => true,
  prefix: (value, argument) => typeof value === 'string' && value.startsWith(String(argument)),
  'anything-but': (value, argument) =>
    isOperator(argument) && !Array.isArray(argument) ? !operate(argument, value) : !list(argument).includes(value),
};
