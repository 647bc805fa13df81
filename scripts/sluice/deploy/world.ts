import { EC2Client } from '@aws-sdk/client-ec2';

import type { Priced } from '../cost';
import { type Deps, type Given, Stop } from '../verb';

const { settingsOf } = require('../../../resources/settings.cjs') as {
  settingsOf: (stage: string) => Promise<Settings>;
};

export type Settings = Priced & { readonly domain: string };

/** What the looks of resources/preflight/ ask for; the packager's plugin makes the same of what the packager knows. */
export async function worldOf({ stage, region, force }: Given, { config, terminal }: Deps) {
  const settings = await settingsOf(stage).catch(({ message }: Error) => {
    throw new Stop(message);
  });
  const given = config(region);
  // The quotas and the plan are asked without a client, so they need what a client makes of the config.
  const { credentials, requestHandler } = new EC2Client(given).config;
  return {
    ...{ settings, stage, region, stack: `sluice-${stage}` },
    config: { ...given, credentials, requestHandler },
    options: {} as { force?: boolean },
    insists: force === true,
    resources: new Map<string, string>() as ReadonlyMap<string, string>,
    say: terminal.complain,
    warn: (hints: readonly string[]) => hints.forEach(terminal.complain),
  };
}

export type World = Awaited<ReturnType<typeof worldOf>>;
