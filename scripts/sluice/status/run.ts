import { printableJson } from '../../../lib/printable';
import { named } from '../stage';
import type { Run } from '../verb';
import { clientsWith } from './clients';
import { printed } from './print';
import { lookAt } from './status';

export const run: Run = async ({ region, stage, json }, { terminal, config, now }) => {
  const checks = await lookAt(clientsWith(config(region)), named(stage, region), now);
  const ok = checks.every((check) => check.ok);
  terminal.say(json ? printableJson({ stage, region, ok, checks }, 2) : printed(checks, terminal));
  return ok ? 0 : 1;
};
