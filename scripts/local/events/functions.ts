import type { Credentials } from '../api/signature';
import type { Say } from '../moment';
import type { FunctionProperties } from '../package/stack';
import type { Processes } from '../processes';
import { type Invocation, type LambdaFunction, lambdaFunction } from './lambda';

type Packaged = { readonly folder: string; readonly functions: readonly FunctionProperties[] };
type Deps = {
  /** A key that acts in a role of the template. */
  readonly assume: (role: string) => Credentials;
  readonly processes: Processes;
  readonly say: Say;
};

/** The packaged functions, each with a key of its role, and what invokes those that no queue does. */
export function playFunctions(
  { folder, functions: packaged }: Packaged,
  environment: Readonly<Record<string, string>>,
  { assume, processes, say }: Deps,
) {
  const functions = packaged.map((properties) => {
    const { accessKeyId, secretAccessKey, sessionToken } = assume(properties.Role.replace(/^.*\//, ''));
    const keys = {
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_SESSION_TOKEN: sessionToken,
    };
    return lambdaFunction(properties, { packageFolder: folder, keys: { ...environment, ...keys }, processes });
  });

  /** One after the other, for a function has one environment here; AWS would run them at once, and renew has its lock. */
  const runs: Invocation[] = [];
  let last: Promise<unknown> = Promise.resolve();
  const invoke = (called: LambdaFunction, event: unknown): Promise<Invocation> => {
    const run = last.then(() => called.invoke(event));
    last = run.then((done) => {
      runs.push(done);
      say('renewed', `${called.name} ${done.outcome}: ${done.error ?? JSON.stringify(done.result)}`);
    });
    return run;
  };

  return { functions, runs, invoke };
}
