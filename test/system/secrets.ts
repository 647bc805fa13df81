import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { World } from '../../scripts/local/world';
import { named } from '../../scripts/sluice/stage';
import { clientsWith } from '../../scripts/sluice/status/clients';
import { printed } from '../../scripts/sluice/status/print';
import { lookAt } from '../../scripts/sluice/status/status';
import { quiet } from '../sluice/console';
import { observer } from './observer';

const prefix = '/sluice/dev';

/** The keys that renew stored for a certificate and its account, and every place where none of them may be. */
export async function searchForKeys(world: World, certificate: string) {
  const { api, invocations, runs, commands, stack, issuance, parameters } = world.aws;
  const secrets = [`certificates/${certificate}/key`, 'acme/account'].map((path) => `${prefix}/${path}`);
  const versions = secrets.flatMap((path) => [1, 2, 3].map((version) => parameters.read(`${path}:${version}`) ?? ''));
  const nameIn = (input: unknown) => (input as { Name?: string }).Name ?? '';
  const isSecret = (path: string) => secrets.includes(path);
  const others = new Set(api.calls.map(({ input }) => nameIn(input)).filter((path) => path && !isSecret(path)));
  const places = {
    calls: api.calls.filter(({ action, input }) => action !== 'ssm:PutParameter' || !isSecret(nameIn(input))),
    runs: [...invocations, ...runs],
    commands: commands.commands.map(({ parameters: given, invocations: of }) => [given, ...of]),
    console: world.proxy.log(),
    status: await status(world),
    template: readFileSync(join(stack.folder, 'cloudformation-template-update-stack.json'), 'utf8'),
    parameters: [...others].map((path) => parameters.read(path) ?? ''),
    sentToTheCa: issuance.pebble?.payloads,
  };
  return { keys: versions.flatMap(keysIn), places };
}

const plain = { columns: 100, paint: (_: unknown, text: string) => text };

/** What `sluice status` prints. */
async function status(world: World): Promise<string> {
  world.aws.connect(observer(world.aws, world.proxies).handlers);
  const policy = JSON.parse(readFileSync(join(__dirname, '../../docs/status-policy.json'), 'utf8'));
  const credentials = world.aws.assume('StatusUser', [policy]);
  const config = { region: 'eu-west-2', endpoint: world.aws.api.endpoint, credentials };
  return printed(await lookAt(clientsWith(config), named('dev', config.region), quiet), plain);
}

/** A part of each private key: enough to recognize it, however it is escaped. */
function keysIn(pem: string): readonly string[] {
  const firstLines = pem.matchAll(/BEGIN (?:\w+ )?PRIVATE KEY-----(?:\\n|\n)([A-Za-z0-9+/=]{40,})/g);
  return Array.from(firstLines, ([, line = '']) => line.slice(20));
}
