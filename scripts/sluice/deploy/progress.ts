/** One event of the stack: a resource of it, or the stack itself, came into a state. */
export type StackEvent = {
  readonly id: string;
  readonly at: number;
  /** Of a resource in the template; that of the stack is the stack's name. */
  readonly logical: string;
  readonly type: string;
  readonly status: string;
  readonly reason: string;
};

/** What is followed. Events are those since it began, the oldest first. */
export type Followed = {
  readonly kind: 'deploy' | 'remove';
  readonly stack: string;
  readonly region: string;
  /** Logical ids in the stack before. */
  readonly before: ReadonlySet<string>;
  /** Logical ids in the template, once it is packaged. */
  readonly template: ReadonlySet<string> | undefined;
  readonly events: readonly StackEvent[];
};

const minuteMs = 60_000;

/** What a kind of resource waits for, and for how many minutes usually: estimates, until somebody has measured them in an account. */
const slow: readonly (readonly [kind: RegExp, does: string, minutes: number])[] = [
  [/AutoScalingGroup .*ProxyGroup/, 'waits until its instance serves', 4],
  [/AutoScalingGroup/, 'waits for an instance', 2],
  [/ECS::Service/, 'waits until its tasks are healthy', 3],
  [/LoadBalancer|ECS::Cluster$|CapacityProvider/, 'is slow at AWS', 3],
  [/Custom::/, 'waits for its function', 2],
];
const usual = ({ type, logical }: StackEvent) => {
  const [, does = '', minutes = 1] = slow.find(([kind]) => kind.test(`${type} ${logical}`)) ?? [];
  return { does, minutes };
};

const isRunning = ({ status }: StackEvent) => status.endsWith('_IN_PROGRESS');
const isStack = ({ stack }: Followed, { logical, type }: StackEvent) =>
  logical === stack && type === 'AWS::CloudFormation::Stack';
const isRollback = (status: string) => /ROLLBACK/.test(status);

/** The state of the stack itself, or '' as long as CloudFormation has not begun. */
export const stateOf = (followed: Followed): string =>
  followed.events.filter((event) => isStack(followed, event)).at(-1)?.status ?? '';

/** Whether CloudFormation still works on what was asked. It deletes what an update has replaced after the update. */
export const isChanging = (followed: Followed): boolean =>
  /_IN_PROGRESS$/.test(stateOf(followed)) && !/^UPDATE_COMPLETE_CLEANUP/.test(stateOf(followed));

/** The last event of each resource, and since when it is in progress. */
function resources(followed: Followed) {
  const found = new Map<string, { readonly last: StackEvent; readonly since: number }>();
  for (const event of followed.events.filter((each) => !isStack(followed, each))) {
    const known = found.get(event.logical);
    const goesOn = known !== undefined && known.last.status === event.status;
    found.set(event.logical, {
      last: event,
      since: goesOn || !isRunning(event) ? (known?.since ?? event.at) : event.at,
    });
  }
  return [...found.values()];
}

const ended = (followed: Followed, status: RegExp) =>
  resources(followed).filter(({ last }) => status.test(last.status)).length;

/** How far it is, as `41 of 78 resources`; of an update without new resources only how many have changed. */
function far(followed: Followed): string {
  const { kind, before, template = new Set<string>() } = followed;
  if (kind === 'remove') return `${ended(followed, /^DELETE_(COMPLETE|SKIPPED)$/)} of ${before.size} resources removed`;
  const changed = ended(followed, /^(CREATE|UPDATE)_COMPLETE$/);
  const isNew = [...template].some((id) => !before.has(id));
  if (!isNew) return `${changed} resource${changed === 1 ? '' : 's'} changed`;
  const changing = new Map(resources(followed).map(({ last }) => [last.logical, last]));
  const there = [...template].filter((id) =>
    /_COMPLETE$/.test(changing.get(id)?.status ?? (before.has(id) ? '_COMPLETE' : '')),
  );
  return `${there.length} of ${template.size} resources`;
}

const minutes = (ms: number): string =>
  ms < minuteMs ? `${Math.round(ms / 1_000)} s` : `${Math.floor(ms / minuteMs)} min`;
const begun = ({ events }: Followed): number => events[0]?.at ?? Number.NaN;

/** Where it is now, for a line that is drawn anew. */
export function statusLine(followed: Followed, now: number): string {
  if (followed.events.length === 0) return '';
  const running = resources(followed).filter(({ last }) => isRunning(last));
  const [longest, ...others] = running.sort((a, b) => a.since - b.since);
  const how = isRollback(stateOf(followed)) ? 'rolling back' : far(followed);
  const head = `${how}, ${minutes(now - begun(followed))}`;
  if (longest === undefined) return head;
  const { does, minutes: usually } = usual(longest.last);
  const details = does ? ` so far: ${does}; usually ${usually}` : '';
  const more = others.length > 0 ? `, and ${others.length} more` : '';
  return `${head}; now: ${longest.last.logical} (${minutes(now - longest.since)}${details})${more}`;
}

/** Resources that take more than twice as long as usually, with where to look. */
export function slowOnes(followed: Followed, now: number): readonly { readonly id: string; readonly says: string }[] {
  return resources(followed).flatMap(({ last, since }) => {
    const { does, minutes: usually } = usual(last);
    if (!isRunning(last) || !does || now - since < 2 * usually * minuteMs) return [];
    const says = `${last.logical} takes long: ${minutes(now - since)} so far, usually ${usually}. ${whereToLook(followed, last)}`;
    return [{ id: `${last.logical} ${last.status}`, says }];
  });
}

function whereToLook({ stack, region }: Followed, { type, logical }: StackEvent): string {
  const slot = /^ProxyGroup(\d)$/.exec(logical)?.[1];
  if (slot)
    return (
      `\`aws autoscaling describe-scaling-activities --auto-scaling-group-name ${stack}-proxy-${slot} --max-items 3 --region ${region}\`` +
      ' says what Auto Scaling does; the instance’s system log in the console says how far its boot is.'
    );
  if (type === 'AWS::ECS::Service')
    return `\`aws ecs describe-services --cluster ${stack} --services hello-world --query "services[].events[:5]" --region ${region}\` says what ECS does.`;
  return `\`${eventsOf(stack, region)}\` shows what CloudFormation does.`;
}

export const eventsOf = (stack: string, region: string): string =>
  `aws cloudformation describe-stack-events --stack-name ${stack} --max-items 20 --region ${region}`;

/** What an event means to a person, if it is worth a line. */
export function milestone(followed: Followed, event: StackEvent): string | undefined {
  if (isStack(followed, event)) return ofStack(followed, event);
  const known = resources({ ...followed, events: followed.events.slice(0, followed.events.indexOf(event) + 1) });
  const { since } = known.find(({ last }) => last.logical === event.logical) ?? { since: event.at };
  if (event.status.endsWith('_FAILED') && !/cancelled/i.test(event.reason))
    return `${event.logical} failed: ${event.reason || event.status}`;
  const isDone = /^(CREATE|UPDATE|DELETE)_COMPLETE$/.test(event.status) && !isRollback(stateOf(followed));
  return isDone && event.at - since >= minuteMs / 2
    ? `${event.logical}: done in ${minutes(event.at - since)}`
    : undefined;
}

function ofStack(followed: Followed, { id, status, at }: StackEvent): string | undefined {
  const { kind, before, stack, region, events } = followed;
  const took = minutes(at - begun(followed));
  const isFirst = events.find((event) => isStack(followed, event))?.id === id;
  const console = `https://${region}.console.aws.amazon.com/cloudformation/home?region=${region}#/stacks?filteringText=${stack}`;
  if (isFirst && isRunning({ status } as StackEvent) && !isRollback(status))
    return kind === 'remove'
      ? `CloudFormation removes ${before.size} resources: ${console}`
      : `CloudFormation has begun${before.size <= 1 ? ', which takes about ten minutes the first time' : ''}: ${console}`;
  // An update that rolls back has its own states.
  if (/^(UPDATE_)?ROLLBACK_IN_PROGRESS$/.test(status))
    return before.size <= 1
      ? 'CloudFormation takes the change back, and deletes what it created. Nothing served visitors yet.'
      : 'CloudFormation takes the change back. Nothing is lost: the proxies keep serving visitors meanwhile.';
  if (/^(UPDATE_)?ROLLBACK_COMPLETE$/.test(status))
    return `The change is taken back, after ${took}. Correct what failed, then deploy again.`;
  if (/ROLLBACK_FAILED$|^DELETE_FAILED$/.test(status))
    return `CloudFormation could not end that (${status}). \`npx sluice check\` says what to do; \`${eventsOf(stack, region)}\` shows why.`;
  if (kind === 'remove' && status === 'DELETE_COMPLETE') return `Removed in ${took}.`;
  const isDone = kind === 'deploy' && /^UPDATE_COMPLETE/.test(status);
  const first = events.find((event) => isStack(followed, event) && /^UPDATE_COMPLETE/.test(event.status));
  return isDone && first?.id === id ? `CloudFormation is done, after ${took}.` : undefined;
}
