import { randomUUID } from 'node:crypto';

import type { Route53Client } from '@aws-sdk/client-route-53';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { SSMClient } from '@aws-sdk/client-ssm';
import { certificateStore } from './aws/certificate-store';
import { lockIn } from './aws/lock';
import { announce } from './aws/queue';
import { route53 } from './aws/route53';
import { certificateAuthority } from './certificates/acme/ca';
import { challengeDns } from './certificates/challenges/dns';
import { resolver } from './certificates/challenges/resolver';
import { type Deps, reserveMs } from './certificates/renew';
import type { Settings } from './certificates/settings';
import { handshake, parseAddress, refusal } from './entrance/handshake';
import { log } from './lambda';

type Clients = { readonly ssm: SSMClient; readonly sqs: SQSClient; readonly route53: Route53Client };

type Run = {
  /** Unlike any other run's. */
  readonly owner: string;
  readonly remainingMs: () => number;
  readonly pause: (milliseconds: number) => Promise<void>;
};

/** The outside world of one run. */
export function renewalDeps(settings: Settings, clients: Clients, { owner, remainingMs, pause }: Run): Deps {
  const { prefix, contact, queueUrl, wanted, rehearsal, addresses } = settings;
  const store = certificateStore(clients.ssm, prefix);
  const wait = async (milliseconds: number): Promise<void> => {
    if (remainingMs() < reserveMs + milliseconds)
      throw new Error('the time of this run is over, it stops to clean up; the next run tries again');
    await pause(milliseconds);
  };
  const ca = (directory: string) => certificateAuthority(directory, contact, store.accounts, wait);
  const authorities = new Map<string, ReturnType<typeof ca>>();
  return {
    wanted,
    store,
    rehearsal,
    addresses,
    remainingMs,
    pause,
    lock: lockIn(clients.ssm, `${prefix}/acme/lock`, { owner, now: Date.now, pause }),
    ca: (directory) => {
      const known = authorities.get(directory) ?? ca(directory);
      authorities.set(directory, known);
      return known;
    },
    dns: challengeDns({
      zones: route53(clients.route53),
      zoneIds: settings.zones,
      resolve: resolver(settings.resolver),
      journal: store.journal,
      wait,
      say: (words) => log('noticed', { words }),
    }),
    announce: () => announce(clients.sqs, queueUrl)(randomUUID()),
    ask: async (address, servername) => {
      const shown = await handshake({ ...parseAddress(address), servername, timeoutMs: 5_000 });
      const fault = refusal(shown, address, servername);
      if (fault !== undefined) throw new Error(fault);
      return shown.leaf.serial;
    },
    now: Date.now,
    random: Math.random,
  };
}
