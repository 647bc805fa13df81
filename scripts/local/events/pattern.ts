import { fail } from '../api/errors';

type Pattern = Readonly<Record<string, unknown>>;

/** Whether an event matches a rule's pattern (AWS: EventBridge event patterns). Played: values, nesting and `$or`; operators throw. */
export function matches(pattern: unknown, event: unknown): boolean {
  return Object.entries(pattern as Pattern).every(([key, wanted]) => {
    if (key === '$or') return (wanted as Pattern[]).some((alternative) => matches(alternative, event));
    const value = (event as Pattern | undefined)?.[key];
    if (!Array.isArray(wanted)) return matches(wanted, value);
    if (wanted.some((rule) => typeof rule === 'object'))
      fail(`the local world does not know the event pattern ${JSON.stringify(wanted)}`);
    return wanted.includes(value);
  });
}
