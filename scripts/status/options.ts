import { parseArgs } from 'node:util';

export type Options = { readonly stage: string; readonly region: string; readonly json: boolean };

export const usage = `npm run status -- [--stage STAGE] [--region REGION] [--json]

  --stage STAGE    which one, as in "sls deploy --stage"; dev by default
  --region REGION  where it is; AWS_REGION, AWS_DEFAULT_REGION or eu-west-2 by default
  --json           one object, for programs

Exit code 0 if all is well, 1 if anything is not ok, 2 for arguments that make no sense.
What your user needs: docs/status-policy.json.`;

/** @throws when the arguments are not what `usage` says; the message names the fault. */
export function readOptions(args: readonly string[], environment: NodeJS.ProcessEnv): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      stage: { type: 'string', default: 'dev' },
      region: { type: 'string', default: environment.AWS_REGION ?? environment.AWS_DEFAULT_REGION ?? 'eu-west-2' },
      json: { type: 'boolean', default: false },
    },
  });
  if (!/^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$/.test(values.stage))
    throw new Error(`--stage ${values.stage}: there can be no such stage`);
  return { ...values };
}
