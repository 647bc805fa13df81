import { DeleteParametersCommand, paginateGetParametersByPath, type SSMClient } from '@aws-sdk/client-ssm';

import { batches, collect } from './batches';
import { doing } from './doing';
import { always, alwaysList } from './malformed';

/** AWS: DeleteParameters. */
const namesPerCall = 10;
const otherwise = 'remove the stack again, or the parameters by hand';

/** The parameters below a stage's prefix: to list, and to remove. Secrets are listed without being read. */
export const stageParameters = (client: SSMClient, prefix: string) => ({
  list: async (): Promise<readonly string[]> => {
    const pages = paginateGetParametersByPath({ client }, { Path: prefix, Recursive: true, WithDecryption: false });
    const found = collect(pages).then((all) => all.flatMap(({ Parameters }) => alwaysList('Parameters', Parameters)));
    const names = found.then((all) => all.map(({ Name }) => always('Name', Name)));
    return doing(`Listing what is below ${prefix}`, names, otherwise);
  },

  /** One that is gone already is no fault. */
  remove: async (names: readonly string[]): Promise<void> => {
    for (const Names of batches(names, namesPerCall)) {
      await doing(`Removing ${Names[0]}`, client.send(new DeleteParametersCommand({ Names })), otherwise);
    }
  },
});
