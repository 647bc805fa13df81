import { parseArgs } from 'node:util';

const { regionOf, stageFault } = require('../../resources/settings/file.cjs') as {
  regionOf: (stage: string) => string;
  stageFault: (stage: string) => string | undefined;
};

export type Options = { readonly stage: string; readonly region: string; readonly json: boolean };

export const usage = `npm run status -- [--stage STAGE] [--region REGION] [--json]

  --stage STAGE    the stage, as in "sls deploy --stage"; dev by default
  --region REGION  its region; by default the one in settings.yml, or eu-west-2
  --json           print one JSON object

Exit code 0 if all is well, 1 if anything is not ok, 2 for invalid arguments.
Permissions that your user needs: docs/status-policy.json.`;

/** @throws when the arguments are not what `usage` says; the message names the fault. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      stage: { type: 'string', default: 'dev' },
      region: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const fault = stageFault(values.stage);
  if (fault !== undefined) throw new Error(fault);
  const { stage, json, region = regionOf(stage) } = values;
  return { stage, region, json };
}
