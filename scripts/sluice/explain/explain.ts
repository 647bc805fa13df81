import { parameterStore } from '../../../lib/aws/published';
import { serviceKey } from '../../../lib/fleet/fleet';
import { printable, printableJson } from '../../../lib/printable';
import { wrapped } from '../../terminal/wrap';
import { readStates } from '../service';
import { named, type Stage } from '../stage';
import { type Check, unseen } from '../status/check';
import { type Clients, clientsWith } from '../status/clients';
import { linesOf } from '../status/print';
import { findAddresses } from '../status/proxies';
import type { Deps, Run } from '../verb';
import { type Answer, answerOf, serviceChecks, type Target, tasksCheck } from './answer';
import { type Asked, parseUrl } from './asked';
import { dnsCheck } from './dns';
import { choose } from './match';
import { entranceChecks, labelChecks, routeChecks } from './way';

const { settingOf } = require('../../../resources/settings/file.cjs') as {
  settingOf: (stage: string, name: string) => unknown;
};

export const run: Run = async ({ region, stage, json }, deps, text = '') => {
  const asked = parseUrl(text);
  const { steps, answer } = await explain(clientsWith(deps.config(region)), named(stage, region), asked, deps);
  const ok = steps.every((step) => step.ok);
  const { terminal } = deps;
  terminal.progress('');
  const { says, ...rest } = answer;
  if (json) terminal.say(printableJson({ stage, region, url: asked.url, ok, answer: says, ...rest, steps }, 2));
  else terminal.say([...linesOf(steps, terminal), '', closing(answer, ok, terminal)].join('\n'));
  return ok ? 0 : 1;
};

function closing({ says, next }: Answer, ok: boolean, { paint, columns }: Deps['terminal']): string {
  const sentence = `${says.replace(/^n(?=obody)/, 'N')}.`;
  const lines = paint(ok ? 'green' : 'red', wrapped(printable(sentence), columns, 0));
  return next ? `${lines}\n→ ${wrapped(printable(next), columns, 2)}` : lines;
}

type Explained = { readonly steps: readonly Check[]; readonly answer: Answer };

/** Follows a request on its way, without sending one. */
async function explain(clients: Clients, stage: Stage, asked: Asked, deps: Deps): Promise<Explained> {
  deps.terminal.progress(`Reading what stage ${stage.stage} serves …`);
  const dns = lookAtDns(clients, stage, asked, deps);
  const published = await parameterStore(clients.ssm, stage.prefix).readPublished(true);
  const choice = choose(published.backends, asked);
  const target = choice.won && (await targetOf(clients, stage, choice.won.backend, published, deps.now()));
  const steps = [
    await dns,
    ...entranceChecks(asked, published),
    ...routeChecks(asked, choice, published, stage),
    ...(target ? beyondRoute(target) : []),
  ];
  return { steps, answer: answerOf(steps, asked, target) };
}

/** A redirect asks no task. */
const beyondRoute = (target: Target & { readonly unseen?: Check }): readonly Check[] => [
  ...labelChecks(target.backend),
  ...(target.backend.labels.redirect ? [] : [tasksCheck(target.backend)]),
  ...(target.unseen ? [target.unseen] : serviceChecks(target)),
];

async function targetOf(
  clients: Clients,
  stage: Stage,
  backend: Target['backend'],
  published: Target['published'],
  now: number,
): Promise<Target & { readonly unseen?: Check }> {
  const known = { backend, published, stage, now };
  try {
    const state = (await readStates(clients, [serviceKey(backend)])).get(serviceKey(backend));
    return { ...known, ...(state !== undefined && { state }) };
  } catch (error) {
    return { ...known, unseen: unseen('ecs', stage.region, error as Error) };
  }
}

async function lookAtDns(clients: Clients, stage: Stage, { host }: Asked, { resolve }: Deps): Promise<Check> {
  const resolved = resolve(host).catch((error: Error) => error);
  try {
    const proxies = await findAddresses(clients, stage);
    const isBehindOthers = settingOf(stage.stage, 'trustedProxies') !== undefined;
    return dnsCheck(host, { resolved: await resolved, proxies, isBehindOthers });
  } catch (error) {
    return unseen('dns', stage.region, error as Error);
  }
}
