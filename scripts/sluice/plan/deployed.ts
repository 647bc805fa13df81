import { GetFunctionConfigurationCommand, type LambdaClient } from '@aws-sdk/client-lambda';

import { readSettings, type Settings } from '../../../lib/settings';
import type { Stage } from '../stage';
import { Stop } from '../verb';

const { blocks } = require('../../../resources/settings/file.cjs') as {
  blocks: () => Readonly<Record<string, { readonly errorPages?: unknown } | undefined>>;
};
const { readPages } = require('../../../resources/settings/pages.cjs') as {
  readPages: (folder: string) => { readonly pages?: Readonly<Record<string, string>> };
};

/** The settings that reconcile runs with. Only the error pages are the clone's, because they are in the function's bundle. */
export async function deployedSettings(client: LambdaClient, stage: Stage): Promise<Settings> {
  const FunctionName = `sluice-${stage.stage}-reconcile`;
  const { Environment } = await client
    .send(new GetFunctionConfigurationCommand({ FunctionName }))
    .catch((error: Error) => Promise.reject(error.name === 'ResourceNotFoundException' ? absent(stage) : error));
  if (Environment?.Error)
    throw new Stop(`AWS does not show the settings of ${FunctionName}: ${Environment.Error.Message}. ${checkKey}`);
  const pages = Buffer.from(JSON.stringify(ownPages(stage.stage))).toString('base64');
  try {
    return readSettings({ ...Environment?.Variables, SLUICE_ERROR_PAGES: pages });
  } catch (error) {
    const why = (error as Error).message.replace(/^.*?deploy them again: /, '');
    throw new Stop(
      `${FunctionName} has other settings than this clone knows (${why}). Run the command in the clone that you deployed,` +
        ` or deploy this one: \`npx sluice deploy --stage ${stage.stage}\`.`,
    );
  }
}

const checkKey = 'Check whether your user may decrypt with the key of the function’s environment';

const absent = ({ stage, region }: Stage) =>
  new Stop(`Stage ${stage} is not deployed in ${region}: check --stage and --region, or deploy it.`);

function ownPages(stage: string): Readonly<Record<string, string>> {
  const { [stage]: own, default: general } = blocks();
  const folder = own?.errorPages ?? general?.errorPages;
  return (typeof folder === 'string' && readPages(folder).pages) || {};
}
