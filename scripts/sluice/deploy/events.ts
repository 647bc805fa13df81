import {
  type CloudFormationClient,
  type StackEvent as Described,
  DescribeStackEventsCommand,
} from '@aws-sdk/client-cloudformation';

import { printable } from '../../../lib/printable';
import type { StackEvent } from './progress';

/** A deploy has some hundred events, a page has a hundred. */
const mostPages = 20;

export type Seen = {
  /** The oldest first. */
  readonly events: readonly StackEvent[];
  /** It still names a stack that is deleted. */
  readonly stackId?: string;
};

/** The stack's events since one, or since ever. A stack that does not exist has none. @param until the id of the last known event */
export async function eventsSince(
  cloudformation: CloudFormationClient,
  StackName: string,
  until: string | undefined,
  pages = mostPages,
): Promise<Seen> {
  const found: Described[] = [];
  let NextToken: string | undefined;
  for (let page = 0; page < pages; page++) {
    const command = new DescribeStackEventsCommand({ StackName, ...(NextToken && { NextToken }) });
    const answer = await cloudformation.send(command).catch(noneIfMissing);
    const known = answer.StackEvents?.findIndex(({ EventId }) => EventId === until) ?? -1;
    found.push(...(answer.StackEvents ?? []).slice(0, known < 0 ? undefined : known));
    ({ NextToken } = answer);
    if (known >= 0 || NextToken === undefined) break;
  }
  const stackId = found[0]?.StackId;
  return { events: found.map(eventOf).reverse(), ...(stackId && { stackId }) };
}

function noneIfMissing(error: Error): { StackEvents?: Described[]; NextToken?: string } {
  if (error.name === 'ValidationError' && /does not exist/.test(error.message)) return {};
  throw error;
}

const eventOf = (event: Described): StackEvent => ({
  id: event.EventId ?? '',
  at: event.Timestamp?.getTime() ?? 0,
  logical: printable(event.LogicalResourceId ?? ''),
  type: event.ResourceType ?? '',
  status: event.ResourceStatus ?? '',
  reason: printable((event.ResourceStatusReason ?? '').replace(/\s+/g, ' ')),
});
