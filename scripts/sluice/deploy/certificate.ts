import { DescribeAddressesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { GetParametersCommand, SSMClient } from '@aws-sdk/client-ssm';

import { answerTo, certificateIndexName, parseCertificates } from '../../../lib/generation/generation';
import { wrapped } from '../../terminal/wrap';
import { named, type Stage } from '../stage';
import { certificateChecks } from '../status/certificates';
import type { Check } from '../status/check';
import { type Deps, Stop } from '../verb';

const everyMs = 10_000;
const mostMs = 15 * 60_000;
const patience = 5;

/** Waits until every certificate is served on every address. @throws Stop after 15 minutes, and what AWS refuses again and again */
export async function waitForCertificates(stage: string, region: string, deps: Deps, stop: AbortSignal): Promise<void> {
  const { terminal, now, config } = deps;
  const [began, told] = [now(), new Set<string>()];
  const clients = { ec2: new EC2Client(config(region)), ssm: new SSMClient(config(region)) };
  terminal.say('Waiting until every address serves its certificate, usually three minutes …');
  let failed = 0;
  while (!stop.aborted) {
    const checks = await served(clients, named(stage, region), now()).catch((error: Error) => {
      if (++failed >= patience) throw error;
      return [];
    });
    if (checks.length > 0) failed = 0;
    for (const { what, says } of checks.filter(({ ok, what }) => ok && !told.has(what))) {
      told.add(what);
      terminal.say(wrapped(`${what}: ${says}`, terminal.columns, 2));
    }
    const left = checks.find(({ ok }) => !ok);
    if (checks.length > 0 && left === undefined) return;
    if (now() - began > mostMs) throw new Stop(inVain(left, stage, region));
    terminal.progress(`${Math.floor((now() - began) / 60_000)} min: ${left?.says ?? 'no answer yet'}`);
    await deps.pause(everyMs, stop).catch(() => {});
  }
}

const inVain = (left: Check | undefined, stage: string, region: string): string =>
  `The deploy is done, but not every address serves its certificate after 15 minutes: ${left?.says ?? 'AWS still does not say which there are'}.` +
  ` The next step: ${left?.next ?? 'wait'}; \`npx sluice status --stage ${stage} --region ${region}\` looks again.`;

async function served(clients: { readonly ec2: EC2Client; readonly ssm: SSMClient }, stage: Stage, now: number) {
  const index = certificateIndexName(stage.prefix);
  const [{ Addresses = [] }, { Parameters = [] }] = await Promise.all([
    clients.ec2.send(new DescribeAddressesCommand({ Filters: [{ Name: 'tag:SluiceProxy', Values: [stage.stage] }] })),
    clients.ssm.send(new GetParametersCommand({ Names: [index] })),
  ]);
  const proxies = Addresses.map(({ PublicIp = '', Tags = [] }) => ({
    slot: /\d+$/.exec(Tags.find(({ Key }) => Key === 'Name')?.Value ?? '')?.[0] ?? '?',
    address: PublicIp,
  }));
  return certificateChecks(proxies, parseCertificates(answerTo(index, Parameters)?.Value ?? '[]'), stage, now);
}
