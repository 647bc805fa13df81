import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import type { Handlers } from '../../scripts/local/api/api';
import { refuse } from '../../scripts/local/api/errors';
import type { Policy } from '../../scripts/local/api/iam';
import type { Aws } from '../../scripts/local/aws';
import { serving, until, world } from '../system/shop';
import { sluice } from './console';

export const policy = JSON.parse(readFileSync('docs/status-policy.json', 'utf8')) as Policy;

type History = { readonly Name: string; readonly MaxResults?: number; readonly NextToken?: string };

/** What only verbs that read ask of AWS, beside what the proxies and functions ask. */
export const readingHandlers = (aws: Aws): Handlers => ({
  // AWS: Lambda API reference, GetFunctionConfiguration.
  'lambda:GetFunctionConfiguration': ({ Id }: { Id: string }) => {
    const found = aws.stack.functions.find(({ FunctionName }) => FunctionName === Id);
    return {
      Environment: (found ?? refuse('ResourceNotFoundException', `Function not found: ${Id}`, 404)).Environment,
    };
  },
  // The oldest first, at most 50 (AWS: GetParameterHistory).
  'ssm:GetParameterHistory': ({ Name, MaxResults = 50, NextToken = '0' }: History) => {
    const all = aws.parameters.versions(Name);
    if (all.length === 0) refuse('ParameterNotFound', '');
    const end = Number(NextToken) + MaxResults;
    const Parameters = all.slice(Number(NextToken), end).map(({ value, type, version, at, description }) => ({
      ...{ Name, Value: value, Type: type, Version: version, LastModifiedDate: at },
      LastModifiedUser: 'arn:aws:sts::123456789012:assumed-role/ReconcileRole/sluice-dev-reconcile',
      ...(description && { Description: description }),
    }));
    return { Parameters, ...(end < all.length && { NextToken: String(end) }) };
  },
});

/** Runs the command as a user with the policy of what only reads. */
export function as(role: string, patience: object = { maxAttempts: 1 }) {
  const credentials = world.aws.assume(role, [policy]);
  const config = (region: string) => ({ region, endpoint: world.aws.api.endpoint, credentials, ...patience });
  return (...args: readonly string[]) => sluice(args, { config, pause: (ms) => pause(Math.min(ms, 100)) });
}

export const register = (host: string, more: Parameters<typeof serving>[1] = {}) =>
  world.ecs.registerTaskDefinition({ family: 'shop', containers: [serving(host, more)] });

/** No function runs meanwhile, so the next run's work is still to do. */
export async function withoutRuns(
  change: () => unknown,
  holds: () => boolean,
  then: () => Promise<void>,
): Promise<void> {
  world.controlPlane(false, 'held');
  world.aws.api.switch(true);
  try {
    await change();
    await until(async () => holds());
    await then();
  } finally {
    world.controlPlane(true);
  }
}

export const settled = () => until(async () => (await as('Watcher')('plan')).output.startsWith('Nothing to change'));

/** This clone's settings name error pages that were not deployed. */
export async function withOwnPages<Seen>(look: () => Promise<Seen>): Promise<Seen> {
  const pages = mkdtempSync(join(tmpdir(), 'sluice-pages-'));
  writeFileSync(join(pages, '503.html'), 'soon');
  process.env.SLUICE_SETTINGS = `${pages}.yml`;
  writeFileSync(`${pages}.yml`, `default: { errorPages: ${pages} }`);
  try {
    return await look();
  } finally {
    delete process.env.SLUICE_SETTINGS;
    for (const each of [pages, `${pages}.yml`]) rmSync(each, { recursive: true });
  }
}
