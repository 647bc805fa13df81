import { MalformedAnswer } from '../../lib/aws/calls';
import { Stop, type Verb } from './verb';

const { blocked, isDenied, refused } = require('../../resources/preflight/refusals.cjs') as {
  blocked: (error: Error, region: string) => string | undefined;
  isDenied: (error: Error) => boolean;
  refused: (error: Error) => string | undefined;
};

/** What an error means to the user of a verb: one sentence that says what to do next. */
export function inWords(thrown: Error, verb: Verb | undefined, region: string): string {
  const error = origin(thrown);
  if (error instanceof Stop) return error.message;
  const known = blocked(error, region);
  if (known !== undefined) return known;
  const name = verb?.usage.split(' ')[0] ?? 'the command';
  return `${name} ended: ${doing(thrown, error)}${reason(error)}. ${advice(error, verb?.policy)}`;
}

/** What was being done, as lib/aws/calls.ts says it before AWS's own words. */
function doing({ message }: Error, { name }: Error): string {
  const end = message.indexOf(`: ${name}: `);
  return end < 0 ? '' : message.slice(0, end + 2);
}

/** AWS's own error: what the functions add to it is for their log. */
export const origin = (error: Error): Error =>
  error.name === 'Error' && error.cause instanceof Error ? error.cause : error;

/** Why one call failed. */
export function reason(error: Error): string {
  if (isGarbled(error)) return 'AWS sent an answer that cannot be read';
  return refused(error) ?? error.message.replace(/\s+/g, ' ').replace(/\.$/, '');
}

/** What to do after one failed call. */
export function advice(error: Error, policy = 'docs/status-policy.json'): string {
  if (isDenied(error)) return `Give your user the permissions in ${policy}`;
  if (/^(Throttling|RequestLimitExceeded|TooManyRequests)/.test(error.name))
    return 'AWS limits how often one may ask: wait a minute, then run the same command';
  if (/NotExist|NotFound|InvalidDocument/.test(error.name)) return 'Name the --stage and --region that you deployed';
  if (isGarbled(error) || '$metadata' in error)
    return 'Run the same command again; if it stays, see AWS’s health dashboard';
  return 'This is a fault of Sluice: please report the command and this sentence';
}

/** The SDK throws the parser's own errors. */
const isGarbled = (error: Error): boolean =>
  error instanceof SyntaxError ||
  error instanceof MalformedAnswer ||
  /Deserialization error|Unclosed|XML/.test(error.message);
