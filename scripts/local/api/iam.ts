import { setImmediate as breathe } from 'node:timers/promises';

import { runSimulation } from '@cloud-copilot/iam-simulate';
import { account } from '../package/template';
import type { Check } from './iam-checks';

/** A policy document as CloudFormation would hand it to IAM (AWS: IAM JSON policy elements reference). */
export type Policy = { readonly Version: string; readonly Statement: readonly Statement[] };
export type Statement = {
  readonly Sid?: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
};

export type Judge = (check: Check) => Promise<boolean>;

/**
 * Decides with @cloud-copilot/iam-simulate and its daily data whether a role's policies allow what AWS checks, so that
 * the world which plays AWS is not the judge of its own calls. The same question is asked once.
 */
export function judge(role: string, policies: readonly Policy[]): Judge {
  const known = new Map<string, Promise<boolean>>();
  return (check) => {
    const question = JSON.stringify(check);
    const answer = known.get(question) ?? evaluate(role, policies, check);
    known.set(question, answer);
    return answer;
  };
}

/** The resource of the first check that is not passed: AWS names one, too. */
export async function firstRefused(allows: Judge, checks: readonly Check[]): Promise<string | undefined> {
  for (const check of checks) if (!(await allows(check))) return check.resource;
  return undefined;
}

/** @throws when the evaluator does not know the action, or that AWS checks such a resource or policy for it. */
async function evaluate(role: string, policies: readonly Policy[], { action, resource, context }: Check) {
  // About a millisecond each; a cluster's tasks in one go would hold up whoever shares the process.
  await breathe();
  const principal = `arn:aws:sts::${account}:assumed-role/${role}/local`;
  const judged = await runSimulation(
    {
      request: { principal, action, resource: { resource, accountId: account }, contextVariables: { ...context } },
      identityPolicies: policies.map((policy, index) => ({ name: `${role} ${index}`, policy })),
      serviceControlPolicies: [],
      resourceControlPolicies: [],
    },
    {},
  );
  if (judged.resultType === 'error')
    throw new Error(`IAM's evaluator cannot judge ${action} on ${resource}: ${JSON.stringify(judged.errors)}`);
  if (judged.resultType === 'single') return judged.overallResult === 'Allowed';
  // The evaluator takes `*` for "any resource that a policy names". AWS compares it as it is: only `*` covers it.
  const covered = judged.results.some(({ resourcePattern }) => resourcePattern === resource);
  return judged.overallResult === 'Allowed' && covered;
}
