import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { Route53Client } from '@aws-sdk/client-route-53';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';
import type { Context } from 'aws-lambda';
import { certificateStore } from '../lib/aws/certificate-store';
import { lockIn } from '../lib/aws/lock';
import { announce } from '../lib/aws/queue';
import { route53 } from '../lib/aws/route53';
import { certificateAuthority } from '../lib/certificates/acme/ca';
import { challengeDns } from '../lib/certificates/challenges/dns';
import { resolver } from '../lib/certificates/challenges/resolver';
import { type Deps, renew } from '../lib/certificates/renew';
import { type Run, startRun } from '../lib/certificates/run';
import { readSettings, type Settings } from '../lib/certificates/settings';
import { handshake, parseAddress, refusal } from '../lib/entrance/handshake';
import { lambda, log } from '../lib/lambda';

const settings = readSettings(process.env);
const patience = { connectionTimeout: 2_000, requestTimeout: 10_000, throwOnRequestTimeout: true };
const clients = {
  ssm: new SSMClient({ retryMode: 'adaptive', requestHandler: patience }),
  sqs: new SQSClient({ requestHandler: patience }),
  // Five calls a second for the whole account: others may be using them up.
  route53: new Route53Client({ retryMode: 'adaptive', maxAttempts: 8, requestHandler: patience }),
};

/** Runs twice a day, whenever the stack was deployed, and whenever a person invokes it. */
export const handler = lambda((event: { source?: string }, { getRemainingTimeInMillis }: Context) => {
  const run = startRun({ now: Date.now, remainingMs: getRemainingTimeInMillis, sleep });
  return renew(event.source !== 'sluice.schedule', renewalDeps(settings, clients, run));
});

/** Connects one run with AWS, the CA, DNS and the proxies. */
export function renewalDeps(
  { prefix, contact, directory, rehearsal, wanted, addresses, queueUrl, ...settings }: Settings,
  { ssm, sqs, route53: dns }: typeof clients,
  run: Run,
): Deps {
  const store = certificateStore(ssm, prefix);
  const zones = { zones: route53(dns), zoneIds: settings.zones, resolve: resolver(settings.resolver) };
  return {
    wanted,
    addresses,
    store,
    run,
    lock: lockIn(ssm, `${prefix}/acme/lock`, { owner: randomUUID(), ...run }),
    ca: certificateAuthority(directory, contact, store.accounts, run),
    rehearsalCa: rehearsal === undefined ? undefined : certificateAuthority(rehearsal, contact, store.accounts, run),
    dns: challengeDns({ ...zones, journal: store.journal, run, notice: (words) => log('noticed', { words }) }),
    announce: () => announce(sqs, queueUrl)(randomUUID()),
    ask: askSerial,
    random: Math.random,
  };
}

async function askSerial(address: string, servername: string): Promise<string> {
  const shown = await handshake({ ...parseAddress(address), servername, timeoutMs: 5_000 });
  const fault = refusal(shown, address, servername);
  if (fault !== undefined) throw new Error(fault);
  return shown.leaf.serial;
}
